// @ts-check
// An announcement line: answers every call, plays a WAV, hangs up.
import { VoIPCall, VoIPPhone } from "sidetone";
import { connect, sound } from "../pbx.mjs";

class Announcement extends VoIPCall {
  async ringing() {
    console.log(`${this.remote} calls`);
    await this.answer();
    await this.play(sound("speech"));
    await this.hangup();
  }
}

const pbx = await connect();
const phone = new VoIPPhone({ ...pbx.parameter, callClass: Announcement });
await phone.start();
console.log(`${phone.engineInfo.engine} engine; call ${pbx.parameter.user}`);

await pbx.friend();
await phone.stop();
await pbx.close();
