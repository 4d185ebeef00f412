import { afterEach, describe, expect, it } from "vitest";

import { PhoneStatus, TransportMode } from "../../ts/index.ts";
import { within } from "./peers/deadline.ts";
import { Peers } from "./peers/Peers.ts";
import { listenFor, tone } from "./peers/tone.ts";
import { answered, expectTone, hear, startPhone } from "./phone.ts";

describe("the phone registers at Kamailio", () => {
  const peers = new Peers();
  afterEach(() => peers.stop());

  it("under one Call-ID and From tag, counting up, and takes its binding back", async () => {
    const kamailio = await peers.kamailio();
    const phone = await startPhone(peers, { server: "127.0.0.1", port: kamailio.port });
    await within(phone.stop(), "the phone to stop");
    expect(phone.getStatus()).toBe(PhoneStatus.INACTIVE);
    await kamailio.logs(/registered phone contact=\[.*expires=0|registered phone .*expires=\[0\]/);

    const requests = (await kamailio.logged(/request REGISTER/)).map((line) => /cseq=(\d+) (call-id=\S+ fromtag=\S+)/.exec(line)!);
    expect(requests.length).toBeGreaterThanOrEqual(3);
    expect(new Set(requests.map(([, , names]) => names)).size).toBe(1);
    expect(requests.map(([, sequence]) => Number(sequence))).toEqual(requests.map((_, n) => Number(requests[0]![1]) + n));
  });

  it("which counts the uses of its nonces, and calls without being asked twice", async () => {
    const kamailio = await peers.kamailio({ defines: ["WITH_ONETIME"] });
    const bob = await peers.baresip("bob", tone(1000, 30), { kamailio, autoAnswer: true });
    const phone = await startPhone(peers, { server: "127.0.0.1", port: kamailio.port });
    for (let calls = 1; calls <= 2; calls += 1) {
      const call = await phone.call("bob");
      await answered(call);
      await within(call.hangup(), "the far end to confirm the BYE");
    }
    await kamailio.process.line(/reply 200 to BYE/);
    await bob.event("CALL_CLOSED");
    expect(await kamailio.logged(/challenge INVITE of phone/)).toHaveLength(1);
  });

  it("over TCP, and calls a UDP phone", async () => {
    const kamailio = await peers.kamailio();
    const bob = await peers.baresip("bob", tone(1000, 30), { kamailio, autoAnswer: true });
    const phone = await startPhone(peers, { server: "127.0.0.1", port: kamailio.port, transportMode: TransportMode.TCP });
    const call = await phone.call("bob");
    await answered(call);
    expectTone(listenFor(1000, await hear(call, 1.5)), 1, call);
    await within(call.hangup(), "the far end to confirm the BYE");
    await bob.event("CALL_CLOSED");
    await kamailio.logs(/reply 200 to BYE/);
    expect(await kamailio.logged(/request (REGISTER|INVITE|ACK|BYE) from udp:.*from=phone/)).toEqual([]);
    expect(await kamailio.logged(/request (ACK|BYE) from tcp:.*from=phone/)).toHaveLength(2);
    expect(await kamailio.logged(/lost /)).toEqual([]);
  });
});
