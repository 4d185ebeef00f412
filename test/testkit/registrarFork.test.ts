import { describe, expect, it } from "vitest";

import { Exchange } from "./exchange.ts";
import type { Exchange as Sent, Softphone } from "./Softphone.ts";

/** Alice calls bob, who has two phones; both have the INVITE. */
async function ringing(): Promise<{ exchange: Exchange; alice: Softphone; desk: Softphone; mobile: Softphone; call: Sent }> {
  const exchange = await Exchange.start({ authenticate: [] });
  const alice = await exchange.registered("alice");
  const desk = await exchange.registered("bob");
  const mobile = await exchange.registered("bob");
  for (const phone of [desk, mobile]) phone.onRequest = (transaction) => phone.reject(180, transaction);
  const call = alice.send(alice.create("INVITE", "bob"));
  await exchange.clock.runUntil(() => call.responses.length === 2, 1000);
  expect(call.responses).toEqual([180, 180]);
  return { exchange, alice, desk, mobile, call };
}

describe("a call to a user with two phones (RFC 3261 §16.7)", () => {
  it("rings both; the one that answers gets the call, the other is cancelled", async () => {
    const { exchange, alice, desk, mobile, call } = await ringing();
    mobile.accept();
    const answer = await exchange.settled(call.final);
    alice.acknowledge(answer);
    await exchange.soon();
    expect(answer.contact?.uri.toString()).toBe("sip:bob@192.0.2.12:5060");
    expect(desk.cancelled).toHaveLength(1);
    expect(mobile.cancelled).toHaveLength(0);
    expect(mobile.methods).toEqual(["INVITE", "ACK"]);
    expect(desk.methods).toEqual(["INVITE"]);
    expect(call.responses).toEqual([180, 180, 200]);
    await exchange.clock.advance(70_000);
    expect(exchange.registrar.size).toBe(0);
    expect(exchange.clock.pending).toBe(0);
  });

  it("that both answer at once: the caller hears of both", async () => {
    const { exchange, desk, mobile, call } = await ringing();
    desk.accept();
    mobile.accept();
    await exchange.soon();
    expect(call.responses).toEqual([180, 180, 200, 200]);
  });

  it("that one refuses goes on ringing at the other", async () => {
    const { exchange, desk, mobile, call } = await ringing();
    desk.reject(486);
    await exchange.soon();
    expect(call.responses).toEqual([180, 180]);
    mobile.accept();
    await exchange.soon();
    expect(call.responses).toEqual([180, 180, 200]);
  });

  it.each([
    [486, 480, 480],
    [486, 503, 486],
    [302, 486, 302],
    [404, 407, 407],
    [503, 500, 500],
    [503, 503, 500],
  ])("that both refuse, %d and %d: the caller hears %d", async (first, second, heard) => {
    const { exchange, desk, mobile, call } = await ringing();
    desk.reject(first);
    mobile.reject(second);
    await exchange.soon();
    // Of two in one class any may be chosen; ours is the first to say something useful, else the newest phone's.
    expect(call.responses).toEqual([180, 180, heard]);
  });

  it("that one declines for everybody (6xx) is over at once", async () => {
    const { exchange, desk, mobile, call } = await ringing();
    desk.reject(603);
    await exchange.soon();
    expect(mobile.cancelled).toHaveLength(1);
    expect(call.responses).toEqual([180, 180, 603]);
  });

  it("that the caller gives up is cancelled at both", async () => {
    const { exchange, alice, desk, mobile, call } = await ringing();
    alice.layer.cancel(call.transaction);
    await exchange.soon();
    expect(desk.cancelled).toHaveLength(1);
    expect(mobile.cancelled).toHaveLength(1);
    expect(call.responses).toEqual([180, 180, 487]);
  });

  it("repeats a 2xx as long as the phone does", async () => {
    const { exchange, mobile, call } = await ringing();
    mobile.accept();
    await exchange.soon();
    mobile.accept();
    await exchange.soon();
    expect(call.responses).toEqual([180, 180, 200, 200]);
  });
});
