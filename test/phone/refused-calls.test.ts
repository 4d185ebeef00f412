import { describe, expect, it, onTestFinished } from "vitest";
import { VoIPCall, type VoIPPhoneParameter } from "../../ts/index.ts";
import { started } from "../documented/pair.ts";
import { scriptedPeer } from "./scriptedPeer.ts";
import { within } from "./support.ts";

/** Calls a peer that answers with that status, or with nothing; tells what the call's owner hears. */
async function refusedWith(
  status: number | undefined,
  { headers = [], ...options }: Partial<VoIPPhoneParameter> & { headers?: [string, string][] } = {},
): Promise<{ hooks: string[]; ended: unknown; event: unknown }> {
  const hooks: string[] = [];
  class Calling extends VoIPCall {
    override busy(): void {
      hooks.push("busy");
    }
    override notFound(): void {
      hooks.push("notFound");
    }
    override unavailable(): void {
      hooks.push("unavailable");
    }
  }
  const peer = await scriptedPeer();
  onTestFinished(() => peer.close());
  const alice = await started("alice", { callClass: Calling, ...options });
  const call = await alice.call(`sip:bob@127.0.0.1:${peer.port}`);
  let event: unknown;
  call.on("ended", (reason) => {
    event = reason;
  });
  if (status !== undefined) peer.answer(await peer.request("INVITE"), status, { headers });
  const ended = await within(10_000, "the end", call.ended);
  return { hooks, ended, event };
}

describe("a call that is refused tells why: by a hook, the event ended and its reason", () => {
  it.each([
    ["busy", 486, ["busy"]],
    ["busy everywhere", 600, ["busy"]],
    ["not found", 404, ["notFound"]],
    ["gone", 410, ["notFound"]],
    ["does not exist anywhere", 604, ["notFound"]],
    ["unavailable", 480, ["unavailable"]],
    ["not answered", 408, ["unavailable"]],
    ["a server that is overloaded", 503, ["unavailable"]],
    ["declined", 603, []],
    ["forbidden", 403, []],
  ])("%s: %i runs %j", async (_, status, expected) => {
    const { hooks, ended, event } = await refusedWith(status);
    expect(hooks).toEqual(expected);
    expect(ended).toMatchObject({ by: "remote", cause: "rejected", status, response: { statusCode: status } });
    expect(event).toBe(ended);
  });

  it("redirected: the reason has the Contacts, when they are not followed", async () => {
    const { hooks, ended } = await refusedWith(302, { followRedirects: 0, headers: [["Contact", "<sip:elsewhere@127.0.0.1:9>"]] });
    expect(hooks).toEqual([]);
    expect(ended).toMatchObject({ cause: "redirected", status: 302 });
  });

  it("timeout: a far end that says nothing at all is unavailable", async () => {
    const { hooks, ended } = await refusedWith(undefined, { timers: { t1: 5, t2: 20 } });
    expect(hooks).toEqual(["unavailable"]);
    expect(ended).toMatchObject({ by: "timeout", cause: "no-answer", status: 408 });
  });
});
