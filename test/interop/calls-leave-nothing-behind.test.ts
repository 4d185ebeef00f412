import { writeSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";

import { CredentialsManager, type VoIPCall } from "../../ts/index.ts";
import { Peers, users } from "./peers/Peers.ts";
import { freePorts } from "./peers/ports.ts";
import { Answering, startPhone } from "./phone.ts";
import { callsAtOnce, expectFree, memory, Observed, oneCall } from "./soak.ts";

/** `npm run bench -- soak` sets these, and prints what comes of it. */
const CALLS = Number(process.env["SIDETONE_SOAK_CALLS"] ?? 100);
const AT_ONCE = Number(process.env["SIDETONE_SOAK_AT_ONCE"] ?? 40);
const full = process.env["SIDETONE_SOAK_CALLS"] !== undefined;

/** Transactions are remembered for 32 s and more; the short run wants to see their end, too. */
const timers = full ? {} : { timers: { t1: 150, t2: 1_200, t4: 1_500, d: 9_600 } };
/** The longest that one lives after its call, with some patience. */
const LAST_TRANSACTION = full ? 90_000 : 30_000;

function tell(text: string): void {
  // Past vitest, which would hold it back until the end.
  if (full) writeSync(2, `${process.env["SIDETONE_ENGINE"]}: ${text}\n`);
}

describe("calls leave nothing behind", () => {
  const peers = new Peers();
  afterEach(() => peers.stop());

  it(`${CALLS} one after another and ${AT_ONCE} at once, through Kamailio`, async () => {
    const kamailio = await peers.kamailio();
    const server = { server: "127.0.0.1", port: kamailio.port, ...timers };
    const observed = new Observed();
    // Just enough ports for the calls at once, each with its RTCP: one that stays taken is missed.
    const ports = [await freePorts(2 * AT_ONCE), await freePorts(2 * AT_ONCE)] as const;
    const [phone, bob] = await Promise.all(
      (["phone", "bob"] as const).map((user, index) => {
        const credentialsManager = new CredentialsManager();
        credentialsManager.add(user, users[user]);
        const { low, high } = ports[index === 0 ? 0 : 1];
        return startPhone(peers, {
          ...server,
          user,
          credentialsManager,
          callClass: Answering,
          sipClass: observed.sipClass(),
          rtpPortLow: low,
          rtpPortHigh: high,
        });
      }),
    );
    if (phone === undefined || bob === undefined) throw new Error("two phones were started");
    observed.watch(phone);
    observed.watch(bob);
    // The first call starts what stays: the engine's thread, its wake-up.
    await oneCall(phone, "bob");
    const before = await observed.atRest();
    tell(`at rest ${JSON.stringify({ ...before, ...(await memory()) })}`);

    const made: WeakRef<VoIPCall>[] = [];
    /** Memory at rest after each quarter of the calls. */
    const rests: { rss: number; heap: number }[] = [];
    for (let quarter = 1; quarter <= 4; quarter++) {
      for (let count = 0; count < CALLS / 4; count++) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
        made.push(await oneCall(phone, "bob"));
      }
      // oxlint-disable-next-line no-await-in-loop
      tell(`${made.length} calls ${JSON.stringify({ ...observed.census(), ...(await memory()) })}`);
      kamailio.process.lines.length = 0; // its log is ours to keep, and would grow
      // The short run rests once, at the end.
      if (!full && quarter < 4) continue;
      // oxlint-disable-next-line no-await-in-loop
      await observed.restored(before, LAST_TRANSACTION);
      // oxlint-disable-next-line no-await-in-loop
      rests.push(await memory());
      tell(`at rest after ${made.length} calls ${JSON.stringify({ ...observed.census(), ...rests.at(-1) })}`);
    }

    for (let round = 1; round <= 2; round++) {
      // oxlint-disable-next-line no-await-in-loop
      const heard = await callsAtOnce(phone, "bob", AT_ONCE);
      // How much they hear of one another in JavaScript is the machine's affair: four hundred ends of calls are one process.
      expect(heard).toMatchObject({ deaf: 0, lost: 0 });
      kamailio.process.lines.length = 0;
      // oxlint-disable-next-line no-await-in-loop
      await observed.restored(before, LAST_TRANSACTION);
      // oxlint-disable-next-line no-await-in-loop
      tell(`after ${AT_ONCE} calls at once ${JSON.stringify({ ...heard, ...observed.census(), ...(await memory()) })}`);
    }

    const kept = made.filter((call) => call.deref() !== undefined).length;
    tell(`${kept} of ${made.length} calls still in memory`);
    // One or two may lie on a stack that nobody has overwritten.
    expect(kept).toBeLessThanOrEqual(2);
    const [warm, last] = [rests[0], rests.at(-1)];
    if (full && warm !== undefined && last !== undefined) {
      tell(`at rest, from the first quarter to the last: RSS ${warm.rss} to ${last.rss} MiB, heap ${warm.heap} to ${last.heap} MiB`);
      expect(last.rss - warm.rss).toBeLessThanOrEqual(8);
      expect(last.heap - warm.heap).toBeLessThanOrEqual(3);
    }
    await Promise.all([phone.stop(), bob.stop()]);
    await Promise.all(ports.map(expectFree));
    expect(observed.census()).toMatchObject({ calls: 0, sessions: 0, dialogs: 0, transactions: 0, alarms: 0 });
  }, 3_600_000);
});
