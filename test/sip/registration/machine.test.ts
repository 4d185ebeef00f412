import { describe, expect, it } from "vitest";
import { RegistrationMachine, type RegistrationAction } from "../../../ts/sip/registration/RegistrationMachine.ts";

function machine(random = 0.5): RegistrationMachine {
  return new RegistrationMachine({ server: "pbx", user: "alice", expires: 300, failureThreshold: 3, random: () => random });
}

const refusal = { status: 500, reason: "Server Internal Error" };
const sends = (actions: RegistrationAction[]): number[] => actions.flatMap((action) => (action.kind === "send" ? [action.expires] : []));

/** Registered at time 0 for 300 s. */
function registered(random?: number): RegistrationMachine {
  const registration = machine(random);
  registration.start();
  registration.accepted(300, 200, "OK", 0);
  return registration;
}

describe("the registration machine", () => {
  it("refreshes after 90 % of what was granted, not of what was asked for", () => {
    const registration = machine();
    expect(sends(registration.start())).toEqual([300]);
    expect(registration.state).toBe("registering");
    registration.accepted(60, 200, "OK", 1000);
    expect([registration.state, registration.nextTimeout]).toEqual(["registered", 55_000]);
    expect(registration.elapse(54_999)).toEqual([]);
    expect(sends(registration.elapse(55_000))).toEqual([300]);
    expect(registration.nextTimeout).toBeUndefined();
  });

  it("asks for the Min-Expires of a 423 from then on, and gives up on one that makes no sense", () => {
    const registration = machine();
    registration.start();
    expect(sends(registration.refused({ status: 423, reason: "Interval Too Brief", minExpires: 900 }, 0))).toEqual([900]);
    registration.accepted(900, 200, "OK", 0);
    expect(sends(registration.elapse(810_000))).toEqual([900]);
    expect(sends(registration.refused({ status: 423, reason: "Interval Too Brief", minExpires: 60 }, 810_000))).toEqual([]);
    expect(registration.nextTimeout).toBeGreaterThan(810_000);
  });

  it("once it has worked tries for ever: 30 s, doubled up to half an hour, half to all of it at random", () => {
    for (const [random, share] of [[0, 0.5], [0.5, 0.75], [0.9999999, 1]] as const) {
      const registration = registered(random);
      let now = 270_000;
      const pauses: number[] = [];
      for (let i = 0; i < 10; i += 1) {
        expect(sends(registration.elapse(now))).toEqual([300]);
        if (i % 2 === 0) registration.refused(refusal, now);
        else registration.silent(new Error("no answer"), now);
        expect(registration.state).toBe("registering");
        const next = registration.nextTimeout!;
        pauses.push(Math.round((next - now) / 1000 / share));
        now = next;
      }
      expect(pauses).toEqual([30, 60, 120, 240, 480, 960, 1800, 1800, 1800, 1800]);
      registration.elapse(now);
      registration.accepted(300, 200, "OK", now);
      expect(registration.nextTimeout).toBe(now + 270_000);
    }
  });

  it("goes on trying even when the account is refused after it has worked: a registrar that restarts forgets it for a while", () => {
    const registration = registered();
    registration.elapse(270_000);
    registration.refused({ status: 403, reason: "Forbidden" }, 270_000);
    expect(registration.state).toBe("registering");
    expect(registration.nextTimeout).toBe(270_000 + 22_500);
  });

  it("waits as long as the registrar asks for", () => {
    const registration = registered();
    registration.elapse(270_000);
    registration.refused({ ...refusal, status: 503, retryAfter: 600 }, 270_000);
    expect(registration.nextTimeout).toBe(870_000);
  });

  it("that has never worked gives up after the threshold, with the last reason", () => {
    const registration = machine();
    registration.start();
    registration.silent(new Error("no answer"), 0);
    registration.elapse(registration.nextTimeout!);
    registration.refused(refusal, 5000);
    registration.elapse(registration.nextTimeout!);
    const [action] = registration.refused(refusal, 10_000);
    expect(action).toMatchObject({ kind: "state", state: "failed", info: { status: 500, error: { code: "REGISTRATION_FAILED", status: 500 } } });
    expect(registration.nextTimeout).toBeUndefined();
  });

  it("that has never worked gives up at once when the account is refused", () => {
    for (const status of [401, 403, 404, 407]) {
      const registration = machine();
      registration.start();
      const [action] = registration.refused({ status, reason: "No" }, 0);
      expect(action).toMatchObject({ state: "failed", info: { error: { code: "INVALID_ACCOUNT_INFO", status, user: "alice", server: "pbx" } } });
    }
  });

  it("takes its binding back when it is stopped", () => {
    const registration = registered();
    expect(sends(registration.stop())).toEqual([0]);
    expect([registration.state, registration.nextTimeout]).toEqual(["deregistering", undefined]);
    registration.accepted(0, 200, "OK", 1000);
    expect(registration.state).toBe("inactive");
    expect(sends(registration.start())).toEqual([300]);
  });

  it("stopped while a REGISTER is under way waits for its answer first (RFC 3261 §10.2)", () => {
    const registration = machine();
    registration.start();
    expect(sends(registration.stop())).toEqual([]);
    expect(registration.state).toBe("deregistering");
    expect(sends(registration.accepted(300, 200, "OK", 1000))).toEqual([0]);
    registration.refused(refusal, 2000);
    expect(registration.state).toBe("inactive");
  });

  it("stopped while a refresh gets no answer takes the older binding back", () => {
    const registration = registered();
    registration.elapse(270_000);
    registration.stop();
    expect(sends(registration.silent(new Error("no answer"), 300_000))).toEqual([0]);
    registration.silent(new Error("no answer"), 330_000);
    expect(registration.state).toBe("inactive");
  });

  it("stopped before it ever worked has nothing to take back", () => {
    const registration = machine();
    registration.start();
    registration.stop();
    expect(sends(registration.refused(refusal, 0))).toEqual([]);
    expect(registration.state).toBe("inactive");
    expect(registration.stop()).toEqual([]);
  });
});
