import { describe, expect, it } from "vitest";
import type { SIPClient } from "../../../ts/index.ts";
import { callBeside } from "./beside.ts";
import { startPhone } from "./calls.ts";
import { Hurried } from "./hurried.ts";
import { Stranger } from "./Stranger.ts";
import { Waiting } from "../calls.ts";

const FLOOD = 600;

describe("a flood of INVITEs", () => {
  it("rings for maxCalls and no more, each other is answered at once, the call that is up goes on; when the flood is over nothing of it is left", async () => {
    const clients: SIPClient[] = [];
    class Seen extends Hurried {
      constructor(options: ConstructorParameters<typeof Hurried>[0]) {
        super(options);
        clients.push(this);
      }
    }
    const alice = await startPhone("alice", { sipClass: Seen, callClass: Waiting, maxCalls: 3 });
    const beside = await callBeside(alice);
    const stranger = await Stranger.open();
    const port = alice.localEndpoint?.port ?? 0;
    let refused = 0;
    alice.on("callRefused", (_request, status) => {
      expect(status).toBe(486);
      refused += 1;
    });
    for (let count = 0; count < FLOOD; count++) {
      // oxlint-disable-next-line no-await-in-loop -- ten a frame: five hundred a second
      await (count % 10 === 0 ? beside.hears(0.02) : undefined);
      // oxlint-disable-next-line no-await-in-loop
      await stranger.send(stranger.invite("alice", port, `flood-${count}`), port);
    }
    await beside.hears(0.2);
    expect(alice.calls.size).toBe(3);
    // It is a flood: some may find no room in the socket. Each that came is answered, each by its own response.
    expect(refused).toBeGreaterThan(FLOOD / 2);
    const answered = new Set(stranger.received.filter((message) => message.startsWith("SIP/2.0 486")).map((message) => /^Call-ID: (\S+)/m.exec(message)?.[1]));
    expect(answered.size).toBeGreaterThan(FLOOD / 2);
    await beside.unharmed();

    for (const call of alice.calls) if (call.state === "RINGING") call.deny();
    const [client] = clients;
    await expect.poll(() => [alice.calls.size, client?.sessions.size, client?.layer.size], { timeout: 15_000, interval: 100 }).toEqual([1, 1, 0]);
    await beside.unharmed();
  }, 40_000);
});
