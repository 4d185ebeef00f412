import { describe, expect, it } from "vitest";

import type { VoIPCall, VoIPPhone, VoIPPhoneParameter } from "../../ts/index.ts";
import { within } from "./peers/deadline.ts";
import { Peers } from "./peers/Peers.ts";
import type { SIPpOptions } from "./peers/SIPp.ts";
import { addressOf, digits, incoming, Ringing, startPhone } from "./phone.ts";

interface Case {
  readonly it: string;
  readonly scenario: string;
  readonly phone?: Partial<VoIPPhoneParameter>;
  readonly sipp?: Partial<SIPpOptions>;
  /** What the phone does, and what must be true of the call, beside what the scenario checks. */
  readonly meanwhile?: (call: VoIPCall, phone: VoIPPhone) => Promise<void>;
  /** There is no call to come in. */
  readonly noCall?: true;
  readonly ends?: { by?: string; cause: string; status?: number };
}

const ringing = { callClass: Ringing };
const asIs = { retransmissions: false };
/** 64*T1 is 1.3 s. */
const hasty = { timers: { t1: 20, t2: 160 } };

const cases: readonly Case[] = [
  {
    it: "rings once for an INVITE that comes twice",
    scenario: "uac-retransmits-invite",
    phone: ringing,
    sipp: asIs,
    ends: { cause: "cancel" },
  },
  {
    it: "takes one of two branches of a fork, and merges the other (482)",
    scenario: "uac-comes-by-two-ways",
    phone: ringing,
    sipp: asIs,
    ends: { cause: "cancel" },
  },
  { it: "repeats its 200 until the ACK comes", scenario: "uac-acknowledges-late", sipp: asIs },
  {
    it: "hangs up when no ACK ever comes",
    scenario: "uac-never-acknowledges",
    phone: { ...hasty, callClass: Ringing },
    ends: { by: "timeout", cause: "no-ack" },
    meanwhile: (call) => expect(call.answer()).rejects.toThrow(/acknowledge/),
  },
  { it: "confirms a BYE that comes twice", scenario: "uac-hangs-up-twice", sipp: asIs },
  { it: "reads compact headers", scenario: "uac-writes-compact-headers" },
  { it: "reads folded headers", scenario: "uac-folds-headers", sipp: { keys: { fold: " " } } },
  { it: "finds the offer in a multipart body", scenario: "uac-wraps-sdp-in-multipart" },
  { it: "offers in its 200 when the INVITE did not", scenario: "uac-offers-late" },
  {
    it: "keeps nine Vias and three Record-Routes, and calls back a Contact of all legal characters",
    scenario: "uac-comes-a-long-way",
    sipp: { keys: { v6: "[2001:db8::4]" } },
    meanwhile: async (call) => {
      if (call.state !== "ANSWERED") await within(new Promise((resolve) => call.once("answered", () => resolve(undefined))), "the answer");
      await within(call.hangup(), "the far end to confirm the BYE");
    },
    ends: { by: "local", cause: "bye" },
  },
  { it: "refuses an extension that it does not have (420)", scenario: "uac-requires-the-unknown", noCall: true },
  { it: "refuses a method that it does not know (405)", scenario: "uac-asks-with-an-unknown-method", noCall: true },
  { it: "answers OPTIONS", scenario: "uac-asks-for-options", noCall: true },
  { it: "answers OPTIONS in a call", scenario: "uac-asks-for-options-in-a-call" },
  { it: "knows no dialog but its own (481)", scenario: "uac-knows-another-dialog", noCall: true },
  {
    it: "hears digits that come by INFO",
    scenario: "uac-presses-keys-by-info",
    meanwhile: async (call) => expect(await digits(call, 2)).toBe("5#"),
  },
  { it: "follows a re-INVITE to another codec", scenario: "uac-changes-the-codec" },
  { it: "is held by sendonly and resumed", scenario: "uac-holds-by-sendonly" },
  { it: "is held by inactive and resumed", scenario: "uac-holds-by-inactive" },
  { it: "is held by c=0.0.0.0 and resumed", scenario: "uac-holds-by-zero-address" },
  { it: "refuses a change that it cannot make (488), and the call goes on", scenario: "uac-offers-no-usable-codec-in-a-call" },
  { it: "is held and resumed by UPDATE", scenario: "uac-updates" },
  { it: "lets the caller refresh the session", scenario: "uac-refreshes-the-session" },
  { it: "refuses a session shorter than 90 s (422)", scenario: "uac-wants-too-short-a-session", noCall: true },
  { it: "rings reliably when that is required", scenario: "uac-requires-reliable-ringing" },
  { it: "takes a CANCEL that follows the INVITE at once", scenario: "uac-gives-up-at-once", phone: ringing, ends: { cause: "cancel" } },
  { it: "knows no INVITE for a stray CANCEL (481)", scenario: "uac-cancels-what-is-not-there", noCall: true },
  { it: "answers what came with its last hop", scenario: "uac-takes-too-many-hops" },
];

describe.concurrent("SIPp calls the phone, which", () => {
  it.each(cases)(
    "$it",
    async ({ scenario, phone: parameter = {}, sipp: options = {}, meanwhile, noCall, ends = { by: "remote", cause: "bye" } }) => {
      const peers = new Peers();
      try {
        const phone = await startPhone(peers, parameter);
        const coming = noCall ? undefined : incoming(phone);
        const sipp = await peers.sipp(scenario, { target: addressOf(phone), user: "phone", ...options });
        await Promise.all([
          sipp.succeeded(),
          coming?.then(async (call) => {
            const over = within(call.ended, "the end of the call", 40_000);
            await meanwhile?.(call, phone);
            expect(await over).toMatchObject(ends);
          }),
        ]);
        expect(phone.calls.size).toBe(0);
      } finally {
        await peers.stop();
      }
    },
  );
});
