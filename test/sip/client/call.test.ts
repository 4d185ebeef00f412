import { describe, expect, it } from "vitest";
import { calling } from "../dialog/Calls.ts";
import { ANSWER, ended, NOTHING_LEFT, OFFER, World } from "./World.ts";

describe("a call", () => {
  it("rings, is answered, and is hung up by the caller", async () => {
    const world = new World();
    const alice = await world.phone({ user: "alice" });
    const bob = await world.phone({ user: "bob" });
    const call = alice.client.invite(bob.uri, { body: OFFER });
    const heard: string[] = [];
    call.onProgress = (response) => heard.push(String(response.statusCode));
    call.onAccepted = (response) => heard.push(response.bodyText);
    expect(call.state).toBe("calling");

    const incoming = await bob.call();
    expect(incoming.state).toBe("incoming");
    expect(incoming.invite.bodyText).toBe("v=0 offer");
    incoming.ringing();
    await world.clock.runUntil(() => call.state === "early", 1000);
    const acknowledged = incoming.accept(ANSWER);
    expect(incoming.state).toBe("confirmed");
    await world.during(acknowledged);
    expect(call.state).toBe("confirmed");
    expect(heard).toEqual(["180", "v=0 answer"]);

    const over = call.bye();
    expect(call.state).toBe("terminated");
    await world.during(over);
    expect(call.endReason).toMatchObject({ by: "local", cause: "bye" });
    expect(incoming.endReason).toMatchObject({ by: "remote", cause: "bye" });
    expect(world.wire).toEqual([
      "alice > bob INVITE",
      "bob > alice 180",
      "bob > alice 200",
      "alice > bob ACK",
      "alice > bob BYE",
      "bob > alice 200",
    ]);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("is hung up by the callee", async () => {
    const { world, call, incoming } = await calling();
    await world.during(incoming.accept(ANSWER));
    await world.during(incoming.bye());
    expect(await ended(world, call)).toMatchObject({ by: "remote", cause: "bye" });
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("tells the caller why it was refused", async () => {
    const world = new World();
    const alice = await world.phone({ user: "alice" });
    const bob = await world.phone({ user: "bob" });
    const call = alice.client.invite(bob.uri, { body: OFFER });
    (await bob.call()).reject(486, "Busy As A Bee");
    expect(await ended(world, call)).toMatchObject({ by: "remote", cause: "rejected", status: 486, reason: "Busy As A Bee" });
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("that is sent elsewhere ends as redirected, with the Contacts at hand, when we follow nobody", async () => {
    const world = new World();
    const alice = await world.phone({ user: "alice", followRedirects: 0 });
    const bob = await world.phone({ user: "bob" });
    const call = alice.client.invite(bob.uri, { body: OFFER });
    (await bob.call()).reject(302, undefined, [["Contact", "<sip:carol@192.0.2.99>"]]);
    const reason = await ended(world, call);
    expect(reason).toMatchObject({ by: "remote", cause: "redirected", status: 302 });
    expect(reason?.response?.contact?.uri.toString()).toBe("sip:carol@192.0.2.99");
  });

  it("to a phone that does not exist ends after 32 s as not answered", async () => {
    const world = new World();
    const alice = await world.phone({ user: "alice" });
    const call = alice.client.invite("sip:nobody@192.0.2.200", { body: OFFER });
    const began = world.clock.now();
    expect(await ended(world, call)).toMatchObject({ by: "timeout", cause: "no-answer", status: 408 });
    expect(world.clock.now() - began).toBe(32_000);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });
});
