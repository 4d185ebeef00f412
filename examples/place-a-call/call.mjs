// @ts-check
// Calls somebody, speaks, sends digits, and records what the far end says: node call.mjs [NUMBER]
import process from "node:process";
import { VoIPPhone } from "sidetone";
import { connect, sound } from "../pbx.mjs";

const pbx = await connect();
const number = process.argv[2] ?? pbx.friendsNumber;
if (number === undefined) throw new Error("whom to call? node call.mjs NUMBER");

const phone = new VoIPPhone(pbx.parameter);
await phone.start();
const call = await phone.call(number);
console.log(`calling ${call.remote}`);
call.on("ringing", () => console.log("it rings"));
const answered = new Promise((resolve) => call.once("answered", () => resolve(true)));

if (await Promise.race([answered, call.ended.then(() => false)])) {
  const recording = await call.record("demo-out/place-a-call.wav");
  await call.play(sound("speech"));
  await call.sendDtmf("12#");
  await call.hangup();
  const { packetsSent, packetsReceived, packetsLost } = call.stats();
  console.log(`${packetsSent} packets sent, ${packetsReceived} received, ${packetsLost} lost; listen to ${recording.path}`);
} else {
  const { cause, status, reason } = await call.ended;
  console.log(`not answered: ${cause} ${status ?? ""} ${reason ?? ""}`);
  process.exitCode = 1;
}
await phone.stop();
await pbx.close();
