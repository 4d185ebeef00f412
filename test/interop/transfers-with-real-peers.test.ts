import { describe, expect, it } from "vitest";

import { within } from "./peers/deadline.ts";
import type { Kamailio } from "./peers/Kamailio.ts";
import type { Peers } from "./peers/Peers.ts";
import { freePort } from "./peers/ports.ts";
import { phoneURI, type Protocol, softphone, type SoftphoneKind } from "./peers/softphone.ts";
import { tone } from "./peers/tone.ts";
import { answered, incoming, phoneAt, withPeers } from "./phone.ts";

const kinds: readonly SoftphoneKind[] = ["baresip", "linphone"];
const protocols: readonly Protocol[] = ["UDP", "TCP", "TLS"];
const cases = kinds.flatMap((kind) => protocols.map((protocol) => ({ kind, protocol })));

const startKamailio = async (peers: Peers): Promise<Kamailio> => peers.kamailio({ tlsPort: await freePort() });
const other = (kind: SoftphoneKind): SoftphoneKind => (kind === "baresip" ? "linphone" : "baresip");

describe.concurrent("through Kamailio", () => {
  it.each(cases)("a phone on $protocol transfers a $kind to another softphone, and hears that they talk", ({ kind, protocol }) =>
    withPeers(async (peers) => {
      const kamailio = await startKamailio(peers);
      const [, , phone] = await Promise.all([
        softphone(peers, kind, "bob", tone(1000, 20), kamailio, protocol),
        softphone(peers, other(kind), "carol", tone(600, 20), kamailio, protocol),
        phoneAt(peers, kamailio, protocol),
      ]);
      const call = await phone.call("bob");
      await answered(call);
      expect(await within(call.transfer({ user: "carol", blind: false }), "the outcome of the transfer")).toBe(true);
      await within(call.ended, "the end of the call");
      // Bob called Carol with his own credentials.
      expect(await kamailio.logged(/request INVITE .*from=bob to=carol/)).not.toEqual([]);
      expect(await kamailio.logged(/lost /)).toEqual([]);
    }),
  );

  it.each(kinds)("a phone that transfers a %s to nobody is told so, and goes on talking", (kind) =>
    withPeers(async (peers) => {
      const kamailio = await startKamailio(peers);
      const [, phone] = await Promise.all([softphone(peers, kind, "bob", tone(1000, 20), kamailio), phoneAt(peers, kamailio)]);
      const call = await phone.call("bob");
      await answered(call);
      const through = await within(call.transfer({ user: "nobody", blind: false }), "the outcome of the transfer");
      expect(through, kamailio.process.tail()).toBe(false);
      expect(call.state).toBe("ANSWERED");
      await within(call.hangup(), "bob to confirm the BYE");
    }),
  );

  it.each(cases)("a phone on $protocol is transferred by a $kind", ({ kind, protocol }) =>
    withPeers(async (peers) => {
      const kamailio = await startKamailio(peers);
      const [bob, , phone] = await Promise.all([
        softphone(peers, kind, "bob", tone(1000, 20), kamailio, protocol),
        softphone(peers, other(kind), "carol", tone(600, 20), kamailio, protocol),
        phoneAt(peers, kamailio, protocol, { acceptTransfers: true }),
      ]);
      const coming = incoming(phone);
      await bob.dial(phoneURI);
      const call = await coming;
      await answered(call);
      await bob.talks();
      await bob.transfer("sip:carol@127.0.0.1");
      await kamailio.process.line(/request INVITE .*from=phone to=carol/);
      await within(call.ended, "the end of the call with bob");
      const [placed] = phone.calls;
      await answered(placed!);
      expect(placed!.remote).toContain("carol");
      await within(placed!.hangup(), "carol to confirm the BYE");
      expect(await kamailio.logged(/lost /)).toEqual([]);
    }),
  );

  it.each(protocols)("a phone on %s that talks with two linphones joins them", (protocol) =>
    withPeers(async (peers) => {
      const kamailio = await startKamailio(peers);
      const [, , phone] = await Promise.all([
        softphone(peers, "linphone", "bob", tone(1000, 20), kamailio, protocol),
        softphone(peers, "linphone", "carol", tone(600, 20), kamailio, protocol),
        phoneAt(peers, kamailio, protocol),
      ]);
      const call = await phone.call("bob");
      await answered(call);
      await within(call.hold(), "bob to be held");
      const consultation = await phone.call("carol");
      await answered(consultation);
      expect(await within(call.transfer({ call: consultation }), "the outcome of the transfer")).toBe(true);
      await within(Promise.all([call.ended, consultation.ended]), "the end of both calls");
      expect(await kamailio.logged(/lost /)).toEqual([]);
    }),
  );
});
