// @ts-check
// The examples' account: at your PBX, when SIDETONE_SERVER names it; else at a registrar that lives in this process, where a friend waits.
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { CallState, CredentialsManager, VoIPCall, VoIPPhone } from "sidetone";
import { Registrar } from "sidetone/testkit";

/** A WAV of the demo's. @param {"speech" | "reply"} name */
export function sound(name) {
  return fileURLToPath(new URL(`../assets/${name}.wav`, import.meta.url));
}

/**
 * What a phone needs to register, and the friend at the other end.
 * @param {{ colleagues?: string[] }} [options] users whose phones answer, too; whoever is transferred can reach them
 */
export async function connect({ colleagues = [] } = {}) {
  const { SIDETONE_SERVER: server, SIDETONE_USER: user = "example", SIDETONE_PASSWORD: password = "" } = process.env;
  const credentialsManager = new CredentialsManager();
  if (server !== undefined) {
    credentialsManager.add(user, password);
    const [host = server, port = "5060"] = server.split(":");
    return {
      parameter: { server: host, port: Number(port), user, credentialsManager, bindPort: 0 },
      /** A telephone does what a friend would do: we wait for Ctrl-C. */
      friend: () => new Promise((resolve) => process.once("SIGINT", resolve)),
      friendsNumber: undefined,
      close: async () => {},
    };
  }
  const users = { [user]: "ours", friend: "theirs", ...Object.fromEntries(colleagues.map((name) => [name, "theirs"])) };
  const registrar = new Registrar({ users });
  await registrar.start();
  credentialsManager.add(user, "ours", undefined, undefined, user);
  const parameter = { server: registrar.address, port: registrar.port, bindIp: "127.0.0.1", bindPort: 0 };
  const friends = new CredentialsManager();
  for (const name of ["friend", ...colleagues]) friends.add(name, "theirs", undefined, undefined, name);
  const [friend, ...others] = ["friend", ...colleagues].map(
    (name) => new VoIPPhone({ ...parameter, user: name, credentialsManager: friends, callClass: Friend, acceptTransfers: true }),
  );
  await Promise.all([friend, ...others].map((each) => each.start()));
  const passesOn = colleagues.length > 0;
  return {
    parameter: { ...parameter, user, credentialsManager },
    /** The friend calls us, presses these keys one after the other, and listens until we hang up; or goes where we transfer it. */
    friend: async (keys = "") => {
      const elsewhere = passesOn ? once(friend, "transferred") : undefined;
      const call = await friend.call(user);
      // Whoever is called may hang up before we have let go of the key.
      call.once("answered", () => pressWhileListening(call, keys).catch(() => {}));
      const { cause } = await call.ended;
      console.log(`friend: heard ${(call.stats().samplesPlayed / 8000).toFixed(1)} s, then the call ended (${cause})`);
      if (elsewhere === undefined) return;
      const [other] = await elsewhere;
      if (other.state !== CallState.ANSWERED) await once(other, "answered");
      await other.readAudio(8000);
      console.log(`friend: speaks with ${other.remote.replace(/@.*/, "")}`);
      await other.hangup();
    },
    friendsNumber: "friend",
    close: async () => {
      await Promise.all([friend, ...others].map((each) => each.stop()));
      await registrar.stop();
    },
  };
}

/** Answers, says something, and tells which keys were pressed. */
class Friend extends VoIPCall {
  async ringing() {
    this.on("dtmf", (digit) => console.log(`friend: heard digit ${digit}`));
    await this.answer();
    await this.play(sound("reply"));
  }
}

/** @param {VoIPCall} call @param {string} keys */
async function pressWhileListening(call, keys) {
  for (const key of keys) {
    // The friend listens for a second before each key.
    await call.readAudio(8000);
    console.log(`friend: presses ${key}`);
    await call.sendDtmf(key);
  }
}
