import { describe, expect, it } from "vitest";
import type { MediaEvent, StreamParameters } from "../../ts/media/contract.ts";
import { compose, LONGEST } from "../../ts/media/typescript/rtcp.ts";
import { parameters, REMOTE } from "./farEnd.ts";
import { events, newSession } from "./session.ts";
import { deliver, Talker } from "./Talker.ts";

/** A session that tells of 2 s without the first packet, and of 1 s without another. */
class Call {
  readonly session = newSession({ initialTimeout: 2_000, timeout: 1_000 });
  readonly talker = new Talker();
  readonly told: (readonly [second: number, event: MediaEvent])[] = [];
  #now = 0;

  configure(changes: Partial<StreamParameters> = {}): void {
    this.session.configure(parameters(changes));
  }

  /** So many seconds, with the far end talking or not. */
  pass(seconds: number, talking: boolean): void {
    const packet = new Uint8Array(1_500);
    for (const end = this.#now + seconds * 1e6; this.#now < end; this.#now += 20_000) {
      if (talking) deliver(this.session, this.#now, this.talker.speak());
      else this.talker.pause(160);
      this.session.tick(this.#now, 0, packet);
      for (const event of events(this.session)) {
        if (event.type === "timeout" || event.type === "resumed") this.told.push([this.#now / 1e6, event]);
      }
    }
  }

  report(): void {
    const packet = new Uint8Array(LONGEST);
    const ssrc = this.talker.ssrc;
    const length = compose(packet, { ssrc, info: undefined, report: undefined, metrics: undefined, bye: false }, new Uint8Array(0));
    this.session.receiveRtcp(this.#now, REMOTE.address, REMOTE.port + 1, packet.slice(0, length));
  }
}

describe("a far end that is not heard", () => {
  it("is told of once, at first after the initial time", () => {
    const call = new Call();
    call.configure();
    call.pass(10, false);
    expect(call.told).toEqual([[2, { type: "timeout", initial: true }]]);
  });

  it("is told of when it falls silent, and when it is back", () => {
    const call = new Call();
    call.configure();
    call.pass(5, true);
    call.pass(3, false);
    call.pass(1, true);
    expect(call.told).toEqual([
      [5.98, { type: "timeout", initial: false }],
      [8, { type: "resumed" }],
    ]);
  });

  it("is not told of on hold, and has its time anew afterwards", () => {
    const call = new Call();
    call.configure();
    call.pass(1, true);
    for (const direction of ["sendonly", "inactive"] as const) {
      call.configure({ direction });
      call.pass(30, false);
    }
    expect(call.told).toEqual([]);
    call.configure({ direction: "recvonly" });
    call.pass(1.98, false);
    expect(call.told).toEqual([]);
    call.pass(1, false);
    expect(call.told.map(([, event]) => event)).toEqual([{ type: "timeout", initial: true }]);
  });

  it("that suppresses silence but reports is there", () => {
    const call = new Call();
    call.configure();
    call.pass(1, true);
    for (let round = 0; round < 10; round++) {
      call.report();
      call.pass(0.9, false);
    }
    expect(call.told).toEqual([]);
    call.pass(1, false);
    expect(call.told).toHaveLength(1);
    call.report();
    call.pass(0.02, false);
    expect(call.told.map(([, { type }]) => type)).toEqual(["timeout", "resumed"]);
  });

  it("whose reports come but not its RTP is not heard: one-way audio", () => {
    const call = new Call();
    call.configure();
    for (let round = 0; round < 3; round++) {
      call.report();
      call.pass(0.9, false);
    }
    expect(call.told).toEqual([[2, { type: "timeout", initial: true }]]);
  });

  it("is nobody's business where both times are 0", () => {
    const session = newSession({ initialTimeout: 0, timeout: 0 });
    session.configure(parameters());
    for (let now = 0; now < 100e6; now += 20_000) session.tick(now, 0, new Uint8Array(1_500));
    expect(events(session)).toEqual([]);
  });
});
