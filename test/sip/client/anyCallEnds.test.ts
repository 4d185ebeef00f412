import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { InviteSession } from "../../../ts/sip/dialog/InviteSession.ts";
import { RequestTimeoutError, SessionEndedError, SessionStateError } from "../../../ts/sip/dialog/errors.ts";
import type { ServerInviteSession } from "../../../ts/sip/dialog/ServerInviteSession.ts";
import type { IncomingRefer } from "../../../ts/sip/refer/IncomingRefer.ts";
import { ANSWER, NOTHING_LEFT, OFFER, World } from "./World.ts";

const DEEDS = ["bye", "hold", "hold", "late reinvite", "canceled reinvite", "update", "refresh", "info", "refer", "silent refer"] as const;
type Deed = (typeof DEEDS)[number];

/** Something that a person or a program does to a call, at some time after it began. */
const deed = fc.record({ at: fc.integer({ min: 0, max: 45_000 }), what: fc.constantFrom(...DEEDS) });
const side = fc.record({
  rel100: fc.constantFrom("off", "supported", "supported", "required"),
  sessionExpires: fc.constantFrom(0, 90, 90, 200, 1800),
  /** How an answer to a re-INVITE, UPDATE or REFER is come by. */
  answers: fc.constantFrom("at once", "after a while", "never"),
  deeds: fc.array(deed, { maxLength: 4 }),
});

const script = fc.record({
  seed: fc.integer(),
  loss: fc.double({ min: 0, max: 0.3, noNaN: true }),
  duplicate: fc.double({ min: 0, max: 0.3, noNaN: true }),
  maximumDelay: fc.integer({ min: 1, max: 900 }),
  /** When the line goes dead for good. */
  deadAt: fc.option(fc.integer({ min: 0, max: 150_000 }), { nil: undefined, freq: 3 }),
  ringAt: fc.option(fc.integer({ min: 0, max: 20_000 }), { nil: undefined }),
  earlyMediaAt: fc.option(fc.integer({ min: 0, max: 20_000 }), { nil: undefined }),
  answerAt: fc.integer({ min: 0, max: 40_000 }),
  answer: fc.constantFrom("accept", "accept", "accept", "accept", "reject", "redirect", "never"),
  cancelAt: fc.option(fc.integer({ min: 0, max: 41_000 }), { nil: undefined }),
  lateOffer: fc.boolean(),
  caller: side,
  callee: side,
});

type Script = typeof script extends fc.Arbitrary<infer T> ? T : never;
type Side = Script["caller"];

function tolerate(promise: Promise<unknown>): void {
  promise.catch((error: unknown) => {
    // What a call that ends under them may tell its users.
    const allowed = error instanceof SessionEndedError || error instanceof SessionStateError || error instanceof RequestTimeoutError;
    if (!allowed) throw error;
  });
}

/** One call and what its two sides do, in virtual time. */
class Play {
  readonly story: Script;
  readonly world: World;
  readonly ends: string[] = [];
  /** REFERs whose outcome has not been told. */
  unsettled = 0;

  constructor(story: Script) {
    const { seed, loss, duplicate, maximumDelay } = story;
    this.story = story;
    this.world = new World({ seed, loss, duplicate, minimumDelay: 0, maximumDelay });
  }

  at(time: number, callback: () => void): void {
    const { clock } = this.world;
    clock.at(clock.now() + time, callback);
  }

  prepare(name: string, session: InviteSession, { answers, deeds }: Side): void {
    session.onEnded = () => this.ends.push(name);
    session.onReinvite = () => {
      if (answers === "at once") return ANSWER;
      return new Promise((resolve) => answers === "after a while" && this.at(3000, () => resolve(ANSWER)));
    };
    session.onLateOffer = () => ANSWER;
    session.onInfo = () => 200;
    session.onRefer = (refer) => this.#transfer(refer, answers);
    for (const { at, what } of deeds) this.at(at, () => this.act(session, what));
  }

  #transfer(refer: IncomingRefer, answers: Side["answers"]): void | Promise<void> {
    if (answers === "never") return undefined;
    refer.accept();
    this.at(1000, () => refer.report(180));
    if (answers === "at once") this.at(2000, () => refer.report(200));
    return undefined;
  }

  act(session: InviteSession, what: Deed): void {
    const dialog = session.dialog !== undefined && session.state !== "terminated";
    if (session.state === "confirmed") this.#actInCall(session, what);
    else if (dialog && what === "update") tolerate(session.update(OFFER));
    else if (dialog && what === "refresh") tolerate(session.update());
  }

  #actInCall(session: InviteSession, what: Deed): void {
    if (what === "bye") tolerate(session.bye());
    else if (what === "hold") tolerate(session.reinvite(OFFER));
    else if (what === "late reinvite") tolerate(session.reinvite());
    else if (what === "canceled reinvite") {
      const abort = new AbortController();
      this.at(700, () => abort.abort());
      tolerate(session.reinvite(OFFER, { signal: abort.signal }));
    } else if (what === "update") tolerate(session.update(OFFER));
    else if (what === "refresh") tolerate(session.update());
    else if (what === "info") tolerate(session.request("INFO"));
    else {
      this.unsettled += 1;
      void session.refer("sip:carol@192.0.2.77", { subscribe: what === "refer" }).outcome.then(() => {
        this.unsettled -= 1;
      });
    }
  }

  answer(session: ServerInviteSession): void {
    const { answer, answerAt, ringAt, earlyMediaAt, callee } = this.story;
    const incoming = (): boolean => session.state === "incoming";
    this.prepare("callee", session, callee);
    if (ringAt !== undefined) this.at(ringAt, () => incoming() && session.ringing());
    if (earlyMediaAt !== undefined) this.at(earlyMediaAt, () => incoming() && session.progress(183, ANSWER));
    this.at(answerAt, () => {
      if (!incoming()) return;
      if (answer === "accept") tolerate(session.accept(ANSWER));
      else if (answer === "reject") session.reject(486);
      else if (answer === "redirect") session.reject(302, undefined, [["Contact", "<sip:nobody@192.0.2.99>"]]);
    });
    this.at(250_000, () => {
      if (incoming()) session.reject(480);
      else if (session.state === "accepting") tolerate(session.bye());
      else this.act(session, "bye");
    });
  }
}

async function play(story: Script): Promise<void> {
  const stage = new Play(story);
  const { world } = stage;
  const { clock } = world;
  const alice = await world.phone({ user: "alice", rel100: story.caller.rel100, sessionExpires: story.caller.sessionExpires });
  const bob = await world.phone({ user: "bob", rel100: story.callee.rel100, sessionExpires: story.callee.sessionExpires });
  bob.client.onInvite = (session) => {
    bob.calls.push(session);
    stage.answer(session);
  };
  const call = alice.client.invite(bob.uri, story.lateOffer ? {} : { body: OFFER });
  stage.prepare("caller", call, story.caller);
  if (story.deadAt !== undefined) stage.at(story.deadAt, () => world.network.override(() => true, { loss: 1 }));
  if (story.cancelAt !== undefined) stage.at(story.cancelAt, () => call.cancel());
  stage.at(200_000, () => {
    call.cancel();
    stage.act(call, "bye");
  });

  // Longer than the longest chain of timers: a transfer of which nobody tells the end lasts 300 s, and its last NOTIFY 32 s more.
  await clock.advance(700_000);
  expect(bob.calls.length).toBeLessThanOrEqual(1);
  expect(stage.ends.toSorted()).toEqual(bob.calls.length === 0 ? ["caller"] : ["callee", "caller"]);
  for (const { client } of [alice, bob]) {
    const left = { sessions: client.sessions.size, dialogs: client.dialogs, transactions: client.layer.size, requests: client.requests.size, usages: client.usages.size };
    expect(left).toEqual({ sessions: 0, dialogs: 0, transactions: 0, requests: 0, usages: 0 });
  }
  expect(stage.unsettled).toBe(0);
  expect(clock.pending).toBe(0);
  expect(await world.end()).toEqual(NOTHING_LEFT);
}

describe("whatever two people do to a call, over whatever network", () => {
  it("it ends on both sides, once, and leaves nothing behind", { timeout: 3_600_000 }, async () => {
    const seed = Number(process.env["SIDETONE_SEED"] ?? Date.now() % 2 ** 31);
    const numRuns = Number(process.env["SIDETONE_RUNS"] ?? 1200);
    // A failing run prints the seed and the shrunk script; SIDETONE_SEED repeats it, SIDETONE_RUNS=10000 looks longer.
    await fc.assert(fc.asyncProperty(script, play), { numRuns, seed });
  });
});
