import { describe, expect, it } from "vitest";
import { InvalidStateError } from "../../../ts/index.ts";
import { Waiting } from "../calls.ts";
import { next, within } from "../support.ts";
import { callBeside } from "./beside.ts";
import { startPhone } from "./calls.ts";
import { Hurried } from "./hurried.ts";
import { reply, Stranger } from "./Stranger.ts";

describe("a caller that never acknowledges our answer", () => {
  it("hears it again and again, then a BYE (RFC 3261 §13.3.1.4); answer() rejects, the call ends as no-ack, and the one beside goes on", async () => {
    const alice = await startPhone("alice", { sipClass: Hurried, callClass: Waiting });
    const stranger = await Stranger.open();
    stranger.onMessage = (message, from) => {
      if (message.startsWith("BYE ")) void stranger.send(reply(message, "200 OK"), from);
    };
    const beside = await callBeside(alice);
    const incoming = next(alice, "incoming");
    const port = alice.localEndpoint?.port ?? 0;
    await stranger.send(stranger.invite("alice", port, "silent"), port);
    const [call] = await incoming;

    await expect(within(15_000, "answer() to give up", call.answer())).rejects.toBeInstanceOf(InvalidStateError);
    expect(await within(15_000, "the call's end", call.ended)).toMatchObject({ by: "timeout", cause: "no-ack" });
    await stranger.sees(/^BYE /);
    // At 0.5, 1.5, 3.5, 7.5 s and then every 4 s until 32 s have passed.
    const answers = stranger.received.filter((message) => message.startsWith("SIP/2.0 200"));
    expect(answers.length).toBeGreaterThanOrEqual(5);
    expect(answers.length).toBeLessThanOrEqual(12);
    expect(alice.calls.size).toBe(1);
    await beside.unharmed();
  });
});
