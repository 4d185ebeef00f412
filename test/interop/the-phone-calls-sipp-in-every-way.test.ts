import { once } from "node:events";
import { describe, expect, it } from "vitest";

import type { VoIPCall, VoIPPhone, VoIPPhoneParameter } from "../../ts/index.ts";
import { within } from "./peers/deadline.ts";
import { Peers } from "./peers/Peers.ts";
import type { SIPp, SIPpOptions } from "./peers/SIPp.ts";
import { answered, startPhone } from "./phone.ts";

interface Case {
  readonly it: string;
  readonly scenario: string;
  readonly phone?: Partial<VoIPPhoneParameter>;
  readonly sipp?: Partial<SIPpOptions>;
  /** What the phone does. Default: it waits for the answer and hangs up. */
  readonly meanwhile?: (call: VoIPCall, sipp: SIPp, phone: VoIPPhone) => Promise<void>;
  readonly ends?: { by?: string; cause: string; status?: number };
}

const asIs = { retransmissions: false };
/** 64*T1 is 1.3 s. */
const hasty = { timers: { t1: 20, t2: 160 } };
const canceled = { cause: "cancel" };

async function hangUp(call: VoIPCall): Promise<void> {
  await answered(call);
  await within(call.hangup(), "the far end to confirm the BYE");
}

async function cancelWhenRinging(call: VoIPCall): Promise<void> {
  await within(once(call, "ringing"), "the far end to ring");
  await within(call.cancel(), "the call to be over");
}

/** Takes the refusal that the end of the call brings. */
const wait = async (): Promise<void> => {};

const cases: readonly Case[] = [
  { it: "repeats its INVITE when the first is lost", scenario: "uas-misses-the-first-invite", sipp: asIs },
  { it: "is answered though the first 200 is lost", scenario: "uas-loses-its-first-200", sipp: asIs },
  {
    it: "hangs up a call that is answered while it is being cancelled",
    scenario: "uas-answers-a-cancelled-call",
    meanwhile: cancelWhenRinging,
    ends: canceled,
  },
  { it: "cancels", scenario: "uas-is-cancelled", meanwhile: cancelWhenRinging, ends: canceled },
  {
    it: "cancels before anything came, and waits for the 100",
    scenario: "uas-trying-comes-late",
    ends: canceled,
    meanwhile: (call) => within(call.cancel(), "the call to be over"),
  },
  {
    it: "gives a cancelled call up that nobody ends",
    scenario: "uas-never-ends-a-cancelled-call",
    phone: hasty,
    meanwhile: cancelWhenRinging,
    ends: canceled,
  },
  {
    it: "acknowledges two 200s of a fork, and hangs the second up",
    scenario: "uas-answers-at-two-forks",
    sipp: asIs,
    meanwhile: async (call, sipp) => {
      await sipp.received(/^BYE /, 1);
      await hangUp(call);
    },
  },
  { it: "talks with the one of three forks that answers", scenario: "uas-rings-at-three-forks" },
  { it: "takes a 183 without a tag", scenario: "uas-progresses-without-tag" },
  { it: "takes a 200 without a tag", scenario: "uas-answers-without-tag" },
  {
    it: "takes early media and then the answer",
    scenario: "uas-plays-early-media",
    meanwhile: async (call) => {
      await within(once(call, "progress"), "early media");
      expect(call.state).toBe("PROGRESS");
      await hangUp(call);
    },
  },
  { it: "follows two recorded routes", scenario: "uas-behind-two-proxies" },
  { it: "follows a strict route", scenario: "uas-behind-a-strict-router" },
  { it: "answers a challenge of its BYE", scenario: "uas-challenges-the-bye" },
  { it: "takes a new nonce for a stale one", scenario: "uas-finds-the-nonce-stale" },
  ...[404, 480, 486, 488, 500, 603].map((status) => ({
    it: `is refused with ${status}`,
    scenario: "uas-refuses",
    sipp: { texts: { STATUS: status } },
    meanwhile: wait,
    ends: { by: "remote", cause: "rejected", status },
  })),
  { it: "hangs up while the far end does", scenario: "uas-hangs-up-at-the-same-time", ends: { by: "local", cause: "bye" } },
  { it: "asks for a longer session when told to (422)", scenario: "uas-wants-a-longer-session" },
  { it: "acknowledges reliable ringing", scenario: "uas-rings-reliably" },
  { it: "gives up a far end that confirms no BYE", scenario: "uas-disappears", phone: hasty },
];

describe.concurrent("the phone calls SIPp and", () => {
  it.each(cases)(
    "$it",
    async ({ scenario, phone: parameter = {}, sipp: options = {}, meanwhile = hangUp, ends = { by: "local", cause: "bye" } }) => {
      const peers = new Peers();
      try {
        const sipp = await peers.sipp(scenario, options);
        const phone = await startPhone(peers, parameter);
        const call = await phone.call(`sip:service@127.0.0.1:${sipp.port}`);
        await Promise.all([sipp.succeeded(), meanwhile(call, sipp, phone)]);
        expect(await within(call.ended, "the end of the call")).toMatchObject(ends);
        expect(phone.calls.size).toBe(0);
      } finally {
        await peers.stop();
      }
    },
  );

  it("follows a 302 to another place", async () => {
    const peers = new Peers();
    try {
      const there = await peers.sipp("uas-answers");
      const here = await peers.sipp("uas-has-moved", { keys: { elsewhere: there.port } });
      const phone = await startPhone(peers);
      const call = await phone.call(`sip:service@127.0.0.1:${here.port}`);
      await hangUp(call);
      await Promise.all([here.succeeded(), there.succeeded()]);
    } finally {
      await peers.stop();
    }
  });

  it("goes to the next server when the first is out of service (503)", async () => {
    const peers = new Peers();
    try {
      const second = await peers.sipp("uas-answers");
      const first = await peers.sipp("uas-refuses", { texts: { STATUS: 503 } });
      const records = [first, second].map(({ port }, priority) => ({ name: "both.test", port, priority, weight: 1 }));
      const phone = await startPhone(peers, {
        dns: {
          naptr: () => Promise.resolve([]),
          srv: (name) => Promise.resolve(name.startsWith("_sip._udp.") ? records : []),
          a: () => Promise.resolve([{ address: "127.0.0.1" }]),
          aaaa: () => Promise.resolve([]),
        },
      });
      const call = await phone.call("sip:service@two-servers.test");
      await hangUp(call);
      await Promise.all([first.succeeded(), second.succeeded()]);
    } finally {
      await peers.stop();
    }
  });
});
