import { afterEach, describe, expect, it } from "vitest";

import type { VoIPCall, VoIPPhone } from "../../ts/index.ts";
import { within } from "./peers/deadline.ts";
import type { Kamailio } from "./peers/Kamailio.ts";
import { Peers } from "./peers/Peers.ts";
import { phoneURI, type Softphone, softphone } from "./peers/softphone.ts";
import { likeness, speech } from "./peers/speech.ts";
import { listenFor, tone } from "./peers/tone.ts";
import { concat, cut } from "./peers/wav.ts";
import { addressOf, answered, digits, expectTone, hear, incoming, phoneAt, startPhone } from "./phone.ts";

const said = concat(tone(440, 1), speech);

/** Either speaks, and presses keys. What the phone hears is right. */
async function converse(call: VoIPCall, bob: Softphone, nth: number): Promise<void> {
  await bob.talks(nth);
  const playing = call.play(said.samples);
  expectTone(listenFor(1000, await hear(call, 2)), 1.5, call);
  await within(playing, "tone and speech to be sent");
  const keys = nth === 1 ? "159#" : "0*48";
  await within(call.sendDtmf(keys), "the digits to be sent");
  await bob.hears(keys);
  await bob.press("27");
  expect(await digits(call, 2)).toBe("27");
}

/** The phone's tone at its level, and its speech, in each of the recordings. */
async function expectHeard(bob: Softphone, call: VoIPCall): Promise<void> {
  const { framesSkipped, samplesConcealed } = call.stats();
  const stalls = framesSkipped + samplesConcealed / 160;
  for (const recording of await bob.recordings()) {
    const begin = recording.samples.findIndex((sample) => Math.abs(sample) > 4000) / recording.sampleRate;
    const found = listenFor(440, cut(recording, begin, begin + 0.9));
    const like = likeness(speech, recording);
    const report = JSON.stringify({ ...found, begin, like, stalls });
    // Nine windows: each stall of ours may spoil two.
    expect(found.share, report).toBeGreaterThan(Math.max(0.8 - stalls / 5, 0.2));
    expect(found.level, report).toBeCloseTo(-9, 0);
    expect(like, report).toBeGreaterThan(0.86);
  }
}

interface Set {
  readonly phone: VoIPPhone;
  readonly bob: Softphone;
  /** How they call each other. */
  readonly bobURI: string;
  readonly ourURI: string;
}

describe.each(["baresip", "linphone"] as const)("%s", (kind) => {
  const peers = new Peers();
  afterEach(() => peers.stop());

  const bobAt = (kamailio?: Kamailio): Promise<Softphone> => softphone(peers, kind, "bob", tone(1000, 30), kamailio);
  const ways: Readonly<Record<string, () => Promise<Set>>> = {
    "through Kamailio": async () => {
      const kamailio = await peers.kamailio();
      const [bob, phone] = await Promise.all([bobAt(kamailio), phoneAt(peers, kamailio)]);
      return { phone, bob, bobURI: "bob", ourURI: phoneURI };
    },
    // A registered linphone's Contact is a GRUU (RFC 5627): ACK and BYE go to its registrar, at the domain's port, which knows where it is.
    directly: async () => {
      const registrar = kind === "linphone" ? await peers.kamailio({ port: 5060, defines: ["WITHOUT_ROUTES"] }) : undefined;
      const [bob, phone] = await Promise.all([bobAt(registrar), startPhone(peers)]);
      return { phone, bob, bobURI: `sip:bob@127.0.0.1:${bob.sipPort}`, ourURI: `sip:phone@${addressOf(phone)}` };
    },
  };

  it.each(Object.keys(ways))("and the phone call each other %s: tone, speech and digits both ways; the caller hangs up", async (way) => {
    const { phone, bob, bobURI, ourURI } = await ways[way]!();
    const call = await phone.call(bobURI);
    await answered(call);
    await converse(call, bob, 1);
    await within(call.hangup(), "bob to confirm the BYE");

    const coming = incoming(phone);
    await bob.dial(ourURI);
    const second = await coming;
    await answered(second);
    await converse(second, bob, 2);
    await bob.hangup();
    expect(await within(second.ended, "the end of the call")).toMatchObject({ by: "remote", cause: "bye" });
    await expectHeard(bob, call);
  });
});
