import { describe, expect, it } from "vitest";
import { Answering } from "../calls.ts";
import { next, uriOf, within } from "../support.ts";
import { callBeside } from "./beside.ts";
import { startPhone } from "./calls.ts";
import { Hurried } from "./hurried.ts";
import { Stranger } from "./Stranger.ts";

describe("a flood of INVITEs beyond what SIP keeps in mind", () => {
  it("is turned away with 503 and Retry-After, while a call that is up goes on and another can still be hung up", async () => {
    class Small extends Hurried {
      constructor(options: ConstructorParameters<typeof Hurried>[0]) {
        super({ ...options, maxTransactions: 50 });
      }
    }
    const alice = await startPhone("alice", { sipClass: Small, callClass: Answering, maxCalls: 2 });
    const beside = await callBeside(alice);
    const bob = await startPhone("bob");
    const call = await bob.call(uriOf(alice, "alice"));
    await next(call, "answered");
    const stranger = await Stranger.open();
    const port = alice.localEndpoint?.port ?? 0;
    for (let count = 0; count < 200; count++) {
      // oxlint-disable-next-line no-await-in-loop -- twenty a frame
      await (count % 20 === 0 ? beside.hears(0.02) : undefined);
      // oxlint-disable-next-line no-await-in-loop
      await stranger.send(stranger.invite("alice", port, `flood-${count}`), port);
    }
    expect(await stranger.sees(/^SIP\/2\.0 503 /)).toMatch(/^Retry-After: \d+/m);
    await within(5_000, "the BYE to be answered", call.hangup());
    await beside.unharmed();
  }, 40_000);
});
