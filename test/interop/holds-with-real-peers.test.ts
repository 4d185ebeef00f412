import { describe, expect, it, vi } from "vitest";

import type { VoIPCall, VoIPPhoneParameter } from "../../ts/index.ts";
import { patience, within } from "./peers/deadline.ts";
import { freePort } from "./peers/ports.ts";
import { phoneURI, type Protocol, softphone, type SoftphoneKind } from "./peers/softphone.ts";
import { listenFor, tone } from "./peers/tone.ts";
import { answered, hear, incoming, phoneAt, withPeers } from "./phone.ts";

const kinds: readonly SoftphoneKind[] = ["baresip", "linphone"];
const cases = kinds.flatMap((kind) => (["UDP", "TCP", "TLS"] satisfies Protocol[]).map((protocol) => ({ kind, protocol })));

/** Packets that come while the phone says something for so many seconds. */
async function arriving(call: VoIPCall, seconds: number): Promise<number> {
  const before = call.stats().packetsReceived;
  await within(call.play(tone(440, seconds).samples), "the tone to be sent");
  return call.stats().packetsReceived - before;
}

describe.concurrent("through Kamailio", () => {
  it.each(cases)("a phone on $protocol holds and resumes a $kind, and is held and resumed by it", ({ kind, protocol }) =>
    withPeers(async (peers) => {
      const kamailio = await peers.kamailio({ tlsPort: await freePort() });
      /** The direction of each description that the phone sent (">") or got ("<"). */
      let directions: string[] = [];
      const trace: NonNullable<VoIPPhoneParameter["trace"]> = ({ direction, bytes }) => {
        const text = new TextDecoder().decode(bytes);
        // Without an attribute it is sendrecv (RFC 8866 §6.7).
        const [, found = "sendrecv"] = /^a=(sendonly|recvonly|inactive)\r?$/m.exec(text) ?? [];
        if (text.includes("\nm=audio ")) directions.push(`${direction === "out" ? ">" : "<"} ${found}`);
      };
      /** What the next offer and answer say of it. */
      const change = async (): Promise<string[]> => {
        await vi.waitUntil(() => directions.length >= 2, { timeout: patience });
        return directions.splice(0);
      };
      const [bob, phone] = await Promise.all([
        softphone(peers, kind, "bob", tone(1000, 30), kamailio, protocol),
        phoneAt(peers, kamailio, protocol, { trace }),
      ]);
      const coming = incoming(phone);
      await bob.dial(phoneURI);
      const call = await coming;
      await answered(call);
      expect(listenFor(1000, await hear(call, 1)).seconds).toBeGreaterThan(0.5);

      directions = [];
      await within(call.hold(), "the far end to be held");
      expect(call.held).toBe(true);
      expect(await change()).toEqual(["> sendonly", "< recvonly"]);
      // What was on its way may still come.
      await arriving(call, 0.3);
      expect(await arriving(call, 0.5)).toBeLessThan(5);
      await within(call.resume(), "the far end to be resumed");
      expect(await change()).toEqual(["> sendrecv", "< sendrecv"]);
      expect(await arriving(call, 0.5)).toBeGreaterThan(10);

      await bob.hold();
      expect(await change()).toEqual(["< sendonly", "> recvonly"]);
      await bob.resume();
      expect(await change()).toEqual(["< sendrecv", "> sendrecv"]);
      expect(await arriving(call, 0.5)).toBeGreaterThan(10);
      await bob.hangup();
      expect(await within(call.ended, "the end of the call")).toMatchObject({ by: "remote", cause: "bye" });
      expect(await kamailio.logged(/lost /)).toEqual([]);
    }),
  );
});
