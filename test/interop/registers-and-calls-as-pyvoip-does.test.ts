import { describe, expect, it } from "vitest";

import {
  CallState,
  CredentialsManager,
  InvalidAccountInfoError,
  PhoneStatus,
  TransportMode,
  VoIPCall,
  type VoIPPhoneParameter,
} from "../../ts/index.ts";
import { within } from "./peers/deadline.ts";
import type { Kamailio } from "./peers/Kamailio.ts";
import type { Peers } from "./peers/Peers.ts";
import { freePort } from "./peers/ports.ts";
import type { Protocol } from "./peers/softphone.ts";
import { tone } from "./peers/tone.ts";
import { answered, newPhone, phoneAt, withPeers } from "./phone.ts";

// What pyVoIP tests itself against a live server: registration with and without a password, and the ways in which a call ends.
const protocols: readonly Protocol[] = ["UDP", "TCP", "TLS"];

/** Tells which of the documented hooks ran. */
function telling(told: string[]): typeof VoIPCall {
  return class extends VoIPCall {
    override busy(): void {
      told.push("busy");
    }

    override notFound(): void {
      told.push("notFound");
    }

    override bye(): void {
      told.push("bye");
    }
  };
}

async function kamailioWith(peers: Peers, defines: readonly string[] = []): Promise<Kamailio> {
  return peers.kamailio({ tlsPort: await freePort(), defines });
}

describe.concurrent("at Kamailio, a phone", () => {
  it.each(protocols)("registers with a password on %s", (protocol) =>
    withPeers(async (peers) => {
      const kamailio = await kamailioWith(peers);
      const phone = await phoneAt(peers, kamailio, protocol);
      expect(phone.getStatus()).toBe(PhoneStatus.REGISTERED);
      expect(await kamailio.logged(/challenge REGISTER of phone with 401/)).toHaveLength(1);
      await within(phone.stop(), "the phone to stop");
      expect(phone.getStatus()).toBe(PhoneStatus.INACTIVE);
      await kamailio.logs(/registered phone .*expires=\[?0/);
    }),
  );

  it.each(protocols)("registers without a password on %s", (protocol) =>
    withPeers(async (peers) => {
      const kamailio = await kamailioWith(peers, ["WITH_OPEN_REGISTRAR"]);
      const phone = await phoneAt(peers, kamailio, protocol, { credentialsManager: new CredentialsManager() });
      expect(phone.getStatus()).toBe(PhoneStatus.REGISTERED);
      expect(await kamailio.logged(/challenge/)).toEqual([]);
      await within(phone.stop(), "the phone to stop");
      await kamailio.logs(/registered phone .*expires=\[?0/);
    }),
  );

  it.each(protocols)("with a wrong password on %s ends FAILED, with InvalidAccountInfoError", (protocol) =>
    withPeers(async (peers) => {
      const kamailio = await kamailioWith(peers);
      const wrong = new CredentialsManager();
      wrong.add("phone", "guess");
      const parameter: Partial<VoIPPhoneParameter> =
        protocol === "TLS" ? { port: kamailio.tlsPort!, tlsCa: kamailio.certificate } : { port: kamailio.port };
      const phone = await newPhone(peers, {
        server: "127.0.0.1",
        transportMode: TransportMode[protocol],
        credentialsManager: wrong,
        ...parameter,
      });
      await expect(within(phone.start(), "start() to fail")).rejects.toThrow(InvalidAccountInfoError);
      expect(phone.getStatus()).toBe(PhoneStatus.FAILED);
      expect(await kamailio.logged(/registered phone/)).toEqual([]);
    }),
  );

  it.each(protocols)("on %s calls a user who answers, and is hung up", (protocol) =>
    withPeers(async (peers) => {
      const kamailio = await kamailioWith(peers);
      const told: string[] = [];
      const [bob, phone] = await Promise.all([
        peers.baresip("bob", tone(1000, 5), { kamailio, protocol, autoAnswer: true }),
        phoneAt(peers, kamailio, protocol, { callClass: telling(told) }),
      ]);
      const call = await phone.call("bob");
      expect(call.state).toBe(CallState.DIALING);
      await answered(call);
      expect(call.state).toBe(CallState.ANSWERED);
      await bob.event("CALL_ESTABLISHED");
      await bob.hangup();
      expect(await within(call.ended, "the end of the call")).toMatchObject({ by: "remote", cause: "bye" });
      expect(call.state).toBe(CallState.ENDED);
      expect(told).toEqual(["bye"]);
    }),
  );

  it.each(protocols)("on %s calls a user who is busy, and one whom nobody knows", (protocol) =>
    withPeers(async (peers) => {
      const kamailio = await kamailioWith(peers);
      const told: string[] = [];
      const [bob, phone] = await Promise.all([
        peers.baresip("bob", tone(1000, 5), { kamailio, protocol }),
        phoneAt(peers, kamailio, protocol, { callClass: telling(told) }),
      ]);
      const call = await phone.call("bob");
      await bob.event("CALL_INCOMING");
      await bob.hangup();
      expect(await within(call.ended, "the refusal")).toMatchObject({ by: "remote", cause: "rejected", status: 486 });
      expect(told).toEqual(["busy"]);

      const nobody = await phone.call("nobody");
      expect(await within(nobody.ended, "the refusal")).toMatchObject({ by: "remote", cause: "rejected", status: 404 });
      expect(nobody.state).toBe(CallState.ENDED);
      expect(told).toEqual(["busy", "notFound"]);
    }),
  );
});
