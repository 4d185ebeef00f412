// @ts-check
// The states of a call, and what happens to an action at the wrong time: node states.mjs [NUMBER]
import { once } from "node:events";
import process from "node:process";
import { CallState, InvalidStateError, VoIPCall, VoIPPhone } from "sidetone";
import { connect } from "../pbx.mjs";

/** Tells what happens to it: by hooks, and by events. */
class Talkative extends VoIPCall {
  constructor(...args) {
    super(...args);
    this.on("state", (state) => console.log(`  ${state}`));
  }

  answered() {
    console.log("  hook: answered");
  }

  notFound(response) {
    console.log(`  hook: notFound, ${response.heading}`);
  }
}

const pbx = await connect();
const number = process.argv[2] ?? pbx.friendsNumber;
if (number === undefined) throw new Error("whom to call? node states.mjs NUMBER");
const phone = new VoIPPhone({ ...pbx.parameter, callClass: Talkative });
phone.on("status", (status) => console.log(`phone: ${status}`));
await phone.start();

console.log("a call that is answered, and hung up");
const answered = await phone.call(number);
console.log(`  ${answered.state}`);
try {
  await answered.hangup();
} catch (error) {
  // Nothing was sent, and the call goes on.
  if (error instanceof InvalidStateError) console.log(`  too early to hang up: the call is ${error.state}`);
}
await Promise.race([once(answered, "answered"), answered.ended]);
if (answered.state === CallState.ANSWERED) await answered.hangup();

console.log("a call that we give up");
const given = await phone.call(number);
console.log(`  ${given.state}`);
await given.cancel();

console.log("a call to nobody");
const lost = await phone.call("nobody");
console.log(`  ${lost.state}`);
const { cause, status } = await lost.ended;
console.log(`  ended: ${cause} ${status}`);

await phone.stop();
await pbx.close();
