import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import type { Dialog } from "../../../ts/sip/dialog/Dialog.ts";
import type { InviteSession } from "../../../ts/sip/dialog/InviteSession.ts";
import { ANSWER, NOTHING_LEFT, OFFER, PATIENCE, type Phone, World } from "./World.ts";

/** How many of them something still holds. */
async function alive(held: readonly WeakRef<object>[]): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new TypeError("there is no garbage collector to call");
  // A WeakRef that has been looked at holds its object until the end of the turn.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  return held.filter((reference) => reference.deref() !== undefined).length;
}

/** Places a call which bob answers and alice hangs up. Holds nothing of it when it settles but what it has put into the lists. */
async function callAndHangUp(world: World, alice: Phone, bob: Phone, sessions: WeakRef<InviteSession>[], dialogs: WeakRef<Dialog>[]): Promise<void> {
  bob.client.onInvite = (session) => {
    sessions.push(new WeakRef(session));
    session.ringing();
    void session.accept(ANSWER);
  };
  const call = alice.client.invite(bob.uri, { body: OFFER });
  sessions.push(new WeakRef(call));
  call.onAccepted = () => {
    if (call.dialog !== undefined) dialogs.push(new WeakRef(call.dialog));
    void call.bye();
  };
  await world.during(call.closed);
}

it("a call that is over leaves nothing behind but its transactions, and those for 64*T1", { timeout: 120_000 }, async () => {
  const world = new World({ minimumDelay: 0, maximumDelay: 0 });
  const alice = await world.phone({ user: "alice" });
  const bob = await world.phone({ user: "bob" });
  const sessions: WeakRef<InviteSession>[] = [];
  const dialogs: WeakRef<Dialog>[] = [];
  const CALLS = 500;
  for (let call = 0; call < CALLS; call += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one call after the other
    await callAndHangUp(world, alice, bob, sessions, dialogs);
  }
  // Time stands still: every INVITE's and BYE's transaction waits for repetitions, as it should.
  expect(alice.client.layer.size + bob.client.layer.size).toBe(4 * CALLS);
  expect([sessions.length, dialogs.length]).toEqual([2 * CALLS, CALLS]);
  // The last call is still on this test's own hands.
  expect(await alive(sessions)).toBeLessThanOrEqual(2);
  expect(await alive(dialogs)).toBeLessThanOrEqual(1);
  await world.clock.advance(PATIENCE);
  expect([alice.client.layer.size, bob.client.layer.size]).toEqual([0, 0]);
  expect(await world.end()).toEqual(NOTHING_LEFT);
});
