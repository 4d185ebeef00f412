// @ts-check
// The least that a phone can do: answers every call, and hangs up.
import { InvalidStateError, VoIPCall, VoIPPhone } from "sidetone";
import { connect } from "../pbx.mjs";

class Brief extends VoIPCall {
  async ringing() {
    console.log(`${this.remote} calls`);
    try {
      await this.answer();
      await this.hangup();
      console.log(`answered and hung up: ${this.state}`);
    } catch (error) {
      // The caller was quicker.
      if (!(error instanceof InvalidStateError)) throw error;
    }
  }
}

const pbx = await connect();
const phone = new VoIPPhone({ ...pbx.parameter, callClass: Brief });
await phone.start();
console.log(`${phone.getStatus()}; call ${pbx.parameter.user}`);

await pbx.friend();
await phone.stop();
console.log(phone.getStatus());
await pbx.close();
