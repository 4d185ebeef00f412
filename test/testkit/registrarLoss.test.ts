import { describe, expect, it } from "vitest";

import { SIPResponse } from "../../ts/sip/message/SIPResponse.ts";
import { Exchange } from "./exchange.ts";

describe("the testkit's registrar on a network that loses, repeats and reorders", () => {
  const seeds = Array.from({ length: 20 }, (_, seed) => seed);

  it.each(seeds)("still registers, calls and hangs up, each phone asked once (seed %d)", async (seed) => {
    const link = { loss: 0.2, duplicate: 0.2, minimumDelay: 1, maximumDelay: 80 };
    const exchange = await Exchange.start({}, link, seed);
    const alice = await exchange.registered("alice");
    const bob = await exchange.registered("bob");
    bob.onRequest = (transaction, request) => {
      if (request.method === "BYE") transaction.respond(SIPResponse.to(request, 200));
      else for (const delay of [0, 500, 1500, 3500, 7500]) exchange.clock.at(exchange.clock.now() + delay, () => bob.accept(transaction));
    };
    const answer = await exchange.settled(alice.authenticated(alice.create("INVITE", "bob")));
    expect(answer.statusCode).toBe(200);
    for (let i = 0; i < 5; i++) alice.acknowledge(answer);
    expect((await exchange.settled(alice.send(alice.inDialog("BYE", answer, 3)).final)).statusCode).toBe(200);
    expect(bob.methods.filter((method) => method !== "ACK")).toEqual(["INVITE", "BYE"]);
    await exchange.clock.advance(120_000);
    expect(exchange.registrar.size).toBe(0);
    expect(exchange.clock.pending).toBe(0);
    expect(exchange.failures).toEqual([]);
  });
});
