import { describe, expect, it } from "vitest";
import { NoPortsAvailableError, type VoIPCall } from "../../../ts/index.ts";
import { Answering } from "../calls.ts";
import { freePorts, next, uriOf, within } from "../support.ts";
import { callBeside } from "./beside.ts";
import { startPhone } from "./calls.ts";
import { Stranger } from "./Stranger.ts";


describe("every RTP port of the range is taken", () => {
  it("call() says which range, callers hear 503 and when to come again; a port that comes free is used, and the calls that are up go on", async () => {
    const { low, high } = await freePorts(6);
    const range = { rtpPortLow: low, rtpPortHigh: high };
    const [alice, bob, stranger] = await Promise.all([
      startPhone("alice", { ...range, callClass: Answering }),
      startPhone("bob", { callClass: Answering }),
      Stranger.open(),
    ]);
    const beside = await callBeside(alice);
    const up: VoIPCall[] = [];
    const failure = await within(10_000, "the ports to be taken", fill());
    expect(failure).toBeInstanceOf(NoPortsAvailableError);
    expect(failure).toMatchObject({ code: "NO_PORTS_AVAILABLE", message: expect.stringContaining(String(range.rtpPortHigh)) });
    expect(up.length).toBeGreaterThanOrEqual(1);
    expect(up.length).toBeLessThan(6);

    const refused = next(alice, "callRefused");
    const port = alice.localEndpoint?.port ?? 0;
    await stranger.send(stranger.invite("alice", port, "one-too-many"), port);
    expect(await stranger.sees(/^SIP\/2\.0 [3-6]/)).toMatch(/^SIP\/2\.0 503 [^]*^Retry-After: \d+/m);
    expect((await refused).slice(1)).toEqual([503, expect.stringContaining(String(low))]);

    await up[0]?.hangup();
    const again = await bob.call(uriOf(alice, "alice"));
    await next(again, "answered");
    await beside.unharmed();

    async function fill(): Promise<unknown> {
      for (;;) {
        try {
          // oxlint-disable-next-line no-await-in-loop -- until there is no port
          const call = await alice.call(uriOf(bob, "bob"));
          up.push(call);
          // oxlint-disable-next-line no-await-in-loop -- one after the other
          await next(call, "answered");
        } catch (error) {
          return error;
        }
      }
    }
  });
});
