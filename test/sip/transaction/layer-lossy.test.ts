import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SIPRequest } from "../../../ts/sip/message/SIPRequest.ts";
import { SIPResponse } from "../../../ts/sip/message/SIPResponse.ts";
import type { ServerTransaction } from "../../../ts/sip/transaction/transaction.ts";
import { TransactionLayer } from "../../../ts/sip/transaction/TransactionLayer.ts";
import type { TransportProtocol } from "../../../ts/sip/transport/transport.ts";
import { MemoryNetwork } from "../../../ts/testkit/MemoryNetwork.ts";
import { VirtualClock } from "../../../ts/testkit/VirtualClock.ts";
import { outgoing } from "./rig.ts";

/** One request and what the two users do about it; times in milliseconds. */
interface Plan {
  method: "INVITE" | "OPTIONS";
  begin: number;
  /** How long the far user takes for a provisional response, and then for the final one. */
  provisionalAfter: number | undefined;
  finalAfter: number;
  status: number;
  /** When the near user changes its mind. */
  cancelAfter: number | undefined;
}

interface Conditions {
  seed: number;
  loss: number;
  duplicate: number;
  maximumDelay: number;
}

/** The longest a user waits for a final response to its INVITE before it cancels: no timer of RFC 3261 ends that wait. */
const PATIENCE = 60_000;
/** Long enough for everything to end: begin, patience, CANCEL, its 64*T1, then D, L or M. */
const END = 200_000;

class Run {
  readonly clock = new VirtualClock();
  readonly network: MemoryNetwork;
  readonly near: TransactionLayer;
  readonly far: TransactionLayer;
  readonly reported: unknown[] = [];
  readonly outcomes: string[][];
  /** How often the far user was shown each request. */
  readonly shown: number[];
  readonly #plans: readonly Plan[];
  /** The 2xx that the far user repeats until its ACK, by Call-ID. */
  readonly #unacknowledged = new Set<string>();
  readonly #protocol: TransportProtocol;

  constructor(conditions: Conditions, plans: readonly Plan[], protocol: TransportProtocol) {
    this.#plans = plans;
    this.#protocol = protocol;
    this.outcomes = plans.map(() => []);
    this.shown = plans.map(() => 0);
    this.network = new MemoryNetwork({ clock: this.clock, ...conditions });
    this.near = this.#layer("192.0.2.1");
    this.far = this.#layer("192.0.2.2");
  }

  #layer(host: string): TransactionLayer {
    const transport = this.network.transport(host, 5060, this.#protocol);
    void transport.open();
    return new TransactionLayer({
      transport,
      clock: this.clock,
      sentBy: () => ({ host, port: 5060 }),
      onInternalError: (error) => this.reported.push(error),
    });
  }

  async play(): Promise<void> {
    this.far.onRequest = (transaction, request) => this.#serve(transaction, request);
    this.far.onCancel = (transaction) => transaction.respond(SIPResponse.to(transaction.request, 487, { toTag: "far" }));
    this.far.onAck = (ack) => this.#unacknowledged.delete(ack.callId);
    for (const [index, plan] of this.#plans.entries()) this.clock.at(plan.begin, () => this.#begin(index, plan));
    await this.clock.advance(END);
  }

  #begin(index: number, plan: Plan): void {
    const outcomes = this.outcomes[index]!;
    const destination = { address: "192.0.2.2", port: 5060, protocol: this.#protocol };
    const request = outgoing(plan.method);
    request.headers.set("Call-ID", String(index));
    const ack = outgoing("ACK");
    ack.headers.set("Call-ID", String(index));
    const transaction = this.near.request(request, destination, {
      response: (response) => {
        if (response.statusCode < 200) return;
        outcomes.push(String(response.statusCode));
        if (plan.method === "INVITE" && response.isSuccess) this.near.sendAck(ack, destination);
      },
      timeout: () => outcomes.push("timeout"),
      transportError: () => outcomes.push("transportError"),
      terminated: () => outcomes.push("terminated"),
    });
    const cancel = (): void => {
      if (outcomes.length === 0) this.near.cancel(transaction);
    };
    if (plan.cancelAfter !== undefined) this.clock.at(this.clock.now() + plan.cancelAfter, cancel);
    this.clock.at(this.clock.now() + PATIENCE, cancel);
  }

  #serve(transaction: ServerTransaction, request: SIPRequest): void {
    // A CANCEL that comes when its INVITE is long over.
    if (request.method === "CANCEL") {
      transaction.respond(SIPResponse.to(request, 481));
      return;
    }
    const index = Number(request.callId);
    const plan = this.#plans[index]!;
    this.shown[index]!++;
    let wait = this.clock.now();
    if (plan.provisionalAfter !== undefined) {
      wait += plan.provisionalAfter;
      this.clock.at(wait, () => transaction.respond(SIPResponse.to(request, 180, { toTag: "far" })));
    }
    this.clock.at(wait + plan.finalAfter, () => {
      const final = SIPResponse.to(request, plan.status, { toTag: "far" });
      if (transaction.state !== "Proceeding" || plan.method !== "INVITE" || !final.isSuccess) transaction.respond(final);
      else this.#accept(transaction, final);
    });
  }

  /** RFC 3261 §13.3.1.4: the user's own retransmission of a 2xx. */
  #accept(transaction: ServerTransaction, ok: SIPResponse): void {
    const { callId } = transaction.request;
    const end = this.clock.now() + 32_000;
    this.#unacknowledged.add(callId);
    const send = (interval: number): void => {
      if (this.clock.now() >= end || !this.#unacknowledged.has(callId)) return;
      transaction.respond(ok);
      this.clock.at(this.clock.now() + interval, () => send(Math.min(2 * interval, 4000)));
    };
    send(500);
  }
}

const plan: fc.Arbitrary<Plan> = fc.record({
  method: fc.constantFrom("INVITE", "OPTIONS"),
  begin: fc.nat(2000),
  provisionalAfter: fc.option(fc.nat(3000), { nil: undefined }),
  finalAfter: fc.nat(6000),
  status: fc.constantFrom(200, 202, 302, 401, 486, 503, 603),
  cancelAfter: fc.option(fc.nat(8000), { nil: undefined }),
});
const plans = fc.array(plan, { minLength: 1, maxLength: 3 });
// Up to 450 ms: a request that timer A or E sends at 31.5 s then still finds the server transaction, which lives for 32 s.
const conditions: fc.Arbitrary<Conditions> = fc.record({
  seed: fc.integer(),
  loss: fc.double({ min: 0, max: 0.4, noNaN: true }),
  duplicate: fc.double({ min: 0, max: 0.4, noNaN: true }),
  maximumDelay: fc.nat(450),
});

async function everyTransactionEnds(run: Run, all: readonly Plan[]): Promise<void> {
  await run.play();
  expect(run.reported).toEqual([]);
  expect([run.near.size, run.far.size, run.clock.pending]).toEqual([0, 0, 0]);
  for (const [index, { method }] of all.entries()) {
    const outcomes = run.outcomes[index]!;
    // One end, and one result before it; only a 2xx to an INVITE may be heard several times.
    expect(outcomes.at(-1)).toBe("terminated");
    const results = outcomes.slice(0, -1);
    expect(results).not.toContain("terminated");
    expect(new Set(results).size).toBe(1);
    if (method !== "INVITE" || !results[0]!.startsWith("2")) expect(results).toHaveLength(1);
    // However often the network repeats a request, its user sees it once.
    expect(run.shown[index]).toBeLessThanOrEqual(1);
  }
}

describe("two layers over a network that loses, repeats and reorders", () => {
  it("end every transaction and forget it, whatever gets lost", { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(conditions, plans, (network, all) => everyTransactionEnds(new Run(network, all, "UDP"), all)),
      { numRuns: 1000 },
    );
  });

  it("do so on a reliable transport too", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(conditions, plans, (network, all) => everyTransactionEnds(new Run(network, all, "TCP"), all)),
      { numRuns: 200 },
    );
  });
});
