import { describe, expect, it } from "vitest";

import type { InviteSession } from "../../ts/sip/dialog/InviteSession.ts";
import type { ServerInviteSession } from "../../ts/sip/dialog/ServerInviteSession.ts";
import type { SIPClient } from "../../ts/sip/SIPClient.ts";
import type { Clock } from "../../ts/time/clock.ts";
import { within } from "./peers/deadline.ts";
import { Peers } from "./peers/Peers.ts";
import { description, startClient } from "./phone.ts";

/** The shortest session is 90 s (RFC 4028 §5): on this clock 1.8 s. */
const SPEED = 50;

const fast: Clock = {
  now: () => performance.now() * SPEED,
  at: (time, callback) => {
    const timer = setTimeout(callback, Math.max(0, time / SPEED - performance.now()));
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Retransmissions at the pace of the far end's clock. */
const timers = { t1: 500 * SPEED, t2: 4000 * SPEED, t4: 5000 * SPEED, d: 32_000 * SPEED, trying: 200 * SPEED };

const hungUp = (session: InviteSession): Promise<void> => within(session.bye(), "the far end to confirm the BYE");
const over = (session: InviteSession): Promise<void> => within(session.closed, "the call to be over");

async function withClient(test: (client: SIPClient, peers: Peers) => Promise<void>): Promise<void> {
  const peers = new Peers();
  try {
    await test(
      await startClient(peers, { clock: fast, timers, sessionExpires: 90, stopTimeout: 4000 * SPEED, answerTimeout: 180 * SPEED }),
      peers,
    );
  } finally {
    await peers.stop();
  }
}

describe.concurrent("a session that the phone set up", () => {
  it.each([
    { it: "is refreshed by UPDATE", scenario: "uas-lets-the-phone-refresh", method: /^UPDATE / },
    { it: "is refreshed by re-INVITE when the far end knows no UPDATE", scenario: "uas-knows-no-update", method: /^ACK /, count: 2 },
  ])("$it", ({ scenario, method, count = 1 }) =>
    withClient(async (client, peers) => {
      const sipp = await peers.sipp(scenario);
      const session = client.invite(`sip:service@127.0.0.1:${sipp.port}`, { body: description });
      await sipp.received(method, count);
      await hungUp(session);
      await sipp.succeeded();
    }),
  );

  it("ends when the far end does not refresh it", () =>
    withClient(async (client, peers) => {
      const sipp = await peers.sipp("uas-forgets-to-refresh");
      const session = client.invite(`sip:service@127.0.0.1:${sipp.port}`, { body: description });
      await sipp.succeeded();
      await over(session);
      expect(session.endReason).toMatchObject({ cause: "expired" });
    }));
});

describe.concurrent("a session that SIPp set up", () => {
  it.each([
    { it: "is refreshed by the phone when the caller wants that", scenario: "uac-lets-the-phone-refresh", cause: "bye" },
    { it: "ends when the caller does not refresh it", scenario: "uac-forgets-to-refresh", cause: "expired" },
  ])("$it", ({ scenario, cause }) =>
    withClient(async (client, peers) => {
      const coming = new Promise<ServerInviteSession>((resolve) => {
        client.onInvite = resolve;
      });
      const { address, port } = client.transport.local;
      const sipp = await peers.sipp(scenario, { target: `${address}:${port}`, user: "phone" });
      const session = await within(coming, "the INVITE");
      await within(session.accept(description), "the ACK");
      await sipp.succeeded();
      await over(session);
      expect(session.endReason).toMatchObject({ cause });
    }),
  );
});
