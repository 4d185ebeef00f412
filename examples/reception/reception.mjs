// @ts-check
// A reception that passes callers on. 1: to a user of our server, 2: to an address: node reception.mjs [USER] [URI]
import process from "node:process";
import { VoIPCall, VoIPPhone } from "sidetone";
import { connect, sound } from "../pbx.mjs";

const pbx = await connect({ colleagues: ["sales", "support"] });
const { server, port } = pbx.parameter;
const [user = "sales", uri = `<sip:support@${server}:${port}>`] = process.argv.slice(2);

class Reception extends VoIPCall {
  async ringing() {
    await this.answer();
    const key = await this.ask();
    if (key === "1") {
      // Blind: the call ends as soon as the caller's phone agrees.
      console.log(`to ${user}: ${await this.transfer(user)}, ${this.state}`);
    } else if (key === "2") {
      // Not blind: wait until the caller got through. If not, we still have the call.
      const reached = await this.transfer(undefined, uri, false);
      console.log(`to ${uri.replace(/:\d+>/, ">")}: ${reached}, ${this.state}`);
      if (!reached) await this.hangup();
    } else {
      await this.hangup();
    }
  }

  /** Speaks until a key comes, or ten seconds long. */
  async ask() {
    const interrupt = new AbortController();
    this.play(sound("speech"), { signal: interrupt.signal }).catch(() => {}); // it is meant to be interrupted
    const key = await this.collectDtmf({ count: 1, timeout: 10_000 });
    interrupt.abort();
    return key;
  }
}

const phone = new VoIPPhone({ ...pbx.parameter, callClass: Reception });
await phone.start();
console.log(`call ${pbx.parameter.user} and press 1 or 2`);

await pbx.friend("1");
await pbx.friend("2");
await phone.stop();
await pbx.close();
