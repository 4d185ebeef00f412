// @ts-check
// A menu: speaks until the caller presses a key, then does what the key says. 1: hear the reply, 2: the whole again, #: hang up.
import { once } from "node:events";
import { CallState, VoIPCall, VoIPPhone } from "sidetone";
import { connect, sound } from "../pbx.mjs";

class Menu extends VoIPCall {
  async ringing() {
    await this.answer();
    let key = "2";
    while (this.state === CallState.ANSWERED && key !== "#") {
      console.log(key === "1" ? "playing the reply" : "speaking");
      key = await this.playUntilKey(sound(key === "1" ? "reply" : "speech"));
      console.log(`key ${key}`);
    }
    if (this.state === CallState.ANSWERED) await this.hangup();
  }

  /** Plays a WAV that a key interrupts (barge-in). @param {string} wav @returns {Promise<string>} the key; # when the call is over */
  async playUntilKey(wav) {
    const interrupt = new AbortController();
    const key = once(this, "dtmf", { signal: interrupt.signal }).then(([digit]) => String(digit));
    const ended = this.ended.then(() => "#");
    this.play(wav, { signal: interrupt.signal }).catch(() => {}); // it is meant to be interrupted
    const pressed = await Promise.race([key.catch(() => "#"), ended]);
    interrupt.abort();
    return pressed;
  }
}

const pbx = await connect();
const phone = new VoIPPhone({ ...pbx.parameter, callClass: Menu });
await phone.start();
console.log(`call ${pbx.parameter.user} and press 1, 2 or #`);

await pbx.friend("12#");
await phone.stop();
await pbx.close();
