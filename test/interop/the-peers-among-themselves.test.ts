import { afterEach, describe, expect, it } from "vitest";

import { decodeMulaw } from "./peers/mulaw.ts";
import { Peers } from "./peers/Peers.ts";
import { RTPEar } from "./peers/RTPEar.ts";
import { listenFor, tone } from "./peers/tone.ts";

// When this fails, the machine's peers or their harness are at fault, and the other files' failures say nothing of the phone.
describe("the peers among themselves", () => {
  const peers = new Peers();
  afterEach(() => peers.stop());

  it.each([
    { challenge: 407, defines: [] },
    { challenge: 401, defines: ["WITH_401"] },
  ])(
    "baresip calls baresip through Kamailio, which challenges with $challenge: tones and digits both ways",
    async ({ challenge, defines }) => {
      const kamailio = await peers.kamailio({ defines });
      const bob = await peers.baresip("bob", tone(1000, 30), { kamailio, autoAnswer: true });
      const alice = await peers.baresip("alice", tone(440, 30), { kamailio });

      await alice.dial(`sip:bob@127.0.0.1:${kamailio.port}`);
      await alice.event("CALL_ESTABLISHED");
      await alice.sendDigit("5");
      expect((await bob.event("CALL_DTMF_START")).param).toBe("5");
      await bob.sendDigit("9");
      expect((await alice.event("CALL_DTMF_START")).param).toBe("9");
      await alice.hangup();
      await bob.event("CALL_CLOSED");

      await kamailio.logs(/reply 200 to BYE/);
      expect(await kamailio.logged(/challenge INVITE of alice/)).toHaveLength(1);
      expect(alice.process.lines.filter((line) => line.startsWith(`SIP/2.0 ${challenge} `))).toHaveLength(challenge === 401 ? 2 : 1);
      expect(await kamailio.logged(/request (ACK|BYE) .* route=\[<sip:127/)).not.toHaveLength(0);
      expect(await kamailio.logged(/lost (ACK|BYE)/)).toEqual([]);
      await alice.stop();
      await bob.stop();
      expect(listenFor(440, (await bob.heard())[0]!).seconds).toBeGreaterThan(0);
      expect(listenFor(1000, (await alice.heard())[0]!).seconds).toBeGreaterThan(0);
    },
  );

  it("SIPp calls SIPp", async () => {
    const uas = await peers.sipp("uas-answers-and-is-hung-up", { calls: 3 });
    const uac = await peers.sipp("uac-calls-and-streams", { target: `127.0.0.1:${uas.port}`, calls: 3, talk: 300 });
    await uac.succeeded();
    await uas.succeeded();
  });

  it.each([
    { scenario: "uas-answers-and-is-hung-up", acks: 1, options: {} },
    { scenario: "uas-behind-record-route", acks: 1, options: {} },
    { scenario: "uas-challenges-with-407-and-401", acks: 3, options: {} },
    { scenario: "uas-retransmits-200", acks: 3, options: { retransmissions: false } },
  ])("baresip calls SIPp: $scenario", async ({ scenario, acks, options }) => {
    const uas = await peers.sipp(scenario, options);
    const alice = await peers.baresip("alice", tone(440, 30));
    await alice.dial(`sip:service@127.0.0.1:${uas.port}`);
    await alice.event("CALL_ESTABLISHED");
    await uas.received(/^ACK /, acks);
    await alice.hangup();
    await uas.succeeded();
  });

  it("baresip calls SIPp, which is busy", async () => {
    const uas = await peers.sipp("uas-is-busy");
    const alice = await peers.baresip("alice", tone(440, 30));
    await alice.dial(`sip:service@127.0.0.1:${uas.port}`);
    expect((await alice.event("CALL_CLOSED")).param).toContain("486");
    await uas.succeeded();
  });

  it("baresip calls SIPp, and the test listens", async () => {
    const ear = peers.keep(await RTPEar.open());
    const uas = await peers.sipp("uas-with-media-elsewhere", { keys: { ear: ear.port } });
    const alice = await peers.baresip("alice", tone(440, 30));
    await alice.dial(`sip:service@127.0.0.1:${uas.port}`);
    const packets = await ear.packets(100);
    await alice.hangup();
    await uas.succeeded();
    const samples = Int16Array.from(packets.flatMap(({ payload }) => [...decodeMulaw(payload)]));
    expect(listenFor(440, { samples, sampleRate: 8000 })).toMatchObject({ longestGap: 0 });
  });

  it.each(["uac-calls-and-streams", "uac-calls-and-echoes"])("SIPp calls baresip: %s", async (scenario) => {
    const bob = await peers.baresip("bob", tone(440, 30), { autoAnswer: true });
    const uac = await peers.sipp(scenario, {
      target: `127.0.0.1:${bob.sipPort}`,
      user: "bob",
      talk: 2000,
      echo: scenario.endsWith("echoes"),
    });
    await uac.succeeded();
    await bob.stop();
    const hertz = scenario.endsWith("echoes") ? 440 : 1000;
    const heard = listenFor(hertz, (await bob.heard())[0]!);
    expect(heard.share).toBeGreaterThan(0.8);
    expect(heard.seconds).toBeGreaterThan(1);
  });

  it("SIPp calls baresip and is hung up", async () => {
    const bob = await peers.baresip("bob", tone(440, 30), { autoAnswer: true });
    const uac = await peers.sipp("uac-with-foreign-via-is-hung-up", { target: `127.0.0.1:${bob.sipPort}`, user: "bob" });
    await bob.event("CALL_ESTABLISHED");
    await bob.hangup();
    await uac.succeeded();
  });

  it("SIPp calls baresip and cancels", async () => {
    const bob = await peers.baresip("bob", tone(440, 30));
    const uac = await peers.sipp("uac-cancels", { target: `127.0.0.1:${bob.sipPort}`, user: "bob" });
    await uac.succeeded();
    await bob.event("CALL_CLOSED");
  });
});
