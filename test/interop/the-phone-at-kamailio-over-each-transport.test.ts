import { once } from "node:events";
import { describe, expect, it } from "vitest";

import { RegistrationError, TransportMode } from "../../ts/index.ts";
import { within } from "./peers/deadline.ts";
import type { Kamailio } from "./peers/Kamailio.ts";
import { Peers } from "./peers/Peers.ts";
import { freePort } from "./peers/ports.ts";
import { listenFor, tone } from "./peers/tone.ts";
import { answered, expectTone, hear, incoming, newPhone, phoneAt } from "./phone.ts";

const protocols = ["UDP", "TCP", "TLS"] as const;
const ways = protocols.flatMap((ours) => protocols.map((theirs) => ({ ours, theirs })));

/** What Kamailio heard of the phone came by that way, and with its route. */
async function cameBy(kamailio: Kamailio, protocol: string): Promise<void> {
  const requests = await kamailio.logged(/request (REGISTER|INVITE|ACK|BYE|MESSAGE) from .*from=phone/);
  expect(requests.filter((line) => !line.includes(`from ${protocol.toLowerCase()}:`))).toEqual([]);
  expect(requests.length).toBeGreaterThan(2);
  expect(await kamailio.logged(/lost /)).toEqual([]);
}

describe.concurrent("through Kamailio", () => {
  it.each(ways)("a phone on $ours and a baresip on $theirs call each other and hear each other", async ({ ours, theirs }) => {
    const peers = new Peers();
    try {
      const kamailio = await peers.kamailio({ tlsPort: await freePort() });
      const bob = await peers.baresip("bob", tone(1000, 30), { kamailio, protocol: theirs, autoAnswer: true });
      const phone = await phoneAt(peers, kamailio, ours);

      const out = await phone.call("bob");
      await answered(out);
      expectTone(listenFor(1000, await hear(out, 1)), 0.6, out);
      await within(out.hangup(), "bob to confirm the BYE");
      await bob.event("CALL_CLOSED");

      const coming = incoming(phone);
      await bob.dial("sip:phone@127.0.0.1");
      const call = await coming;
      await answered(call);
      expectTone(listenFor(1000, await hear(call, 1)), 0.6, call);
      await bob.hangup();
      expect(await within(call.ended, "the end of the call")).toMatchObject({ by: "remote", cause: "bye" });
      await cameBy(kamailio, ours);
    } finally {
      await peers.stop();
    }
  });

  it("a phone on TLS does not register where it does not trust the certificate", async () => {
    const peers = new Peers();
    try {
      const kamailio = await peers.kamailio({ tlsPort: await freePort() });
      const phone = await newPhone(peers, { server: "127.0.0.1", port: kamailio.tlsPort!, transportMode: TransportMode.TLS });
      await expect(within(phone.start(), "the phone to give up")).rejects.toThrow(RegistrationError);
      expect(await kamailio.logged(/request REGISTER/)).toEqual([]);
    } finally {
      await peers.stop();
    }
  });

  it.each(protocols)("a phone and a linphone on %s, both with SHA-256, call each other", async (protocol) => {
    const peers = new Peers();
    try {
      const kamailio = await peers.kamailio({ tlsPort: await freePort(), defines: ["WITH_SHA256"] });
      const dave = await peers.linphone("dave", tone(1000, 30), kamailio, protocol);
      const phone = await phoneAt(peers, kamailio, protocol);

      const out = await phone.call("dave");
      await answered(out);
      expectTone(listenFor(1000, await hear(out, 2)), 1, out);
      await within(out.hangup(), "dave to confirm the BYE");

      const coming = incoming(phone);
      dave.dial("sip:phone@127.0.0.1");
      const call = await coming;
      if (call.state !== "ANSWERED") await within(once(call, "answered"), "the answer");
      await hear(call, 0.5);
      dave.hangup();
      expect(await within(call.ended, "the end of the call")).toMatchObject({ by: "remote", cause: "bye" });
      // With two SHA-256 digests in it, an INVITE is too large for UDP (RFC 3261 §18.1.1).
      if (protocol !== "UDP") await cameBy(kamailio, protocol);
      expect(await kamailio.logged(/lost /)).toEqual([]);
    } finally {
      await peers.stop();
    }
  });
});
