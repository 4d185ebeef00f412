import { describe, expect, it } from "vitest";

import { within } from "./peers/deadline.ts";
import { freePort } from "./peers/ports.ts";
import { type Protocol, softphone, type SoftphoneKind } from "./peers/softphone.ts";
import { tone } from "./peers/tone.ts";
import { message, phoneAt, withPeers } from "./phone.ts";

const kinds: readonly SoftphoneKind[] = ["baresip", "linphone"];
const cases = kinds.flatMap((kind) => (["UDP", "TCP", "TLS"] satisfies Protocol[]).map((protocol) => ({ kind, protocol })));

describe.concurrent("through Kamailio", () => {
  it.each(cases)("a phone and a $kind on $protocol send each other messages", ({ kind, protocol }) =>
    withPeers(async (peers) => {
      const kamailio = await peers.kamailio({ tlsPort: await freePort() });
      const [bob, phone] = await Promise.all([
        softphone(peers, kind, "bob", tone(1000, 1), kamailio, protocol),
        phoneAt(peers, kamailio, protocol),
      ]);
      expect(await within(phone.message("bob", "Watson, come here."), "the answer to the MESSAGE")).toBe(true);
      await bob.shows(/Watson, come here\./);

      const coming = message(phone);
      await bob.message("On my way.");
      const { body, contentType, from } = await coming;
      expect({ body, contentType, from: String(from.uri) }).toEqual({
        body: "On my way.",
        contentType: expect.stringMatching(/^text\/plain/),
        from: "sip:bob@127.0.0.1",
      });

      expect(await within(phone.message("nobody", "Is anybody there?"), "the answer to the MESSAGE")).toBe(false);
      expect((await kamailio.logged(/request MESSAGE .*from=phone/)).every((line) => line.includes(`from ${protocol.toLowerCase()}:`))).toBe(true);
    }),
  );
});
