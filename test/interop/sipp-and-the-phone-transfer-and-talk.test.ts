import { describe, expect, it } from "vitest";

import { within } from "./peers/deadline.ts";
import { RTPEar } from "./peers/RTPEar.ts";
import { addressOf, answered, digits, incoming, message, startPhone, withPeers } from "./phone.ts";

describe.concurrent("SIPp and the phone", () => {
  it("the phone refuses what counts backwards (500), and the call goes on", () =>
    withPeers(async (peers) => {
      const phone = await startPhone(peers);
      const coming = incoming(phone);
      const sipp = await peers.sipp("uac-counts-backwards", { target: addressOf(phone), user: "phone" });
      const call = await coming;
      await sipp.succeeded();
      expect(await within(call.ended, "the end of the call")).toMatchObject({ by: "remote", cause: "bye" });
    }));

  it.each(["uac-transfers", "uac-transfers-from-outside"])("the phone is transferred: %s", (scenario) =>
    withPeers(async (peers) => {
      const phone = await startPhone(peers, { acceptTransfers: true });
      const carol = await peers.sipp("uas-answers");
      const coming = incoming(phone);
      const sipp = await peers.sipp(scenario, { target: addressOf(phone), user: "phone", keys: { elsewhere: carol.port } });
      const call = await coming;
      await sipp.succeeded();
      expect(await within(call.ended, "the end of the call")).toMatchObject({ by: "remote", cause: "bye" });
      const [placed] = phone.calls;
      await answered(placed!);
      await within(placed!.hangup(), "carol to confirm the BYE");
      await carol.succeeded();
    }),
  );

  it("the phone refuses a REFER that is about no call", () =>
    withPeers(async (peers) => {
      const phone = await startPhone(peers, { acceptTransfers: true });
      const sipp = await peers.sipp("uac-refers-out-of-the-blue", { target: addressOf(phone), user: "phone" });
      await sipp.succeeded();
      expect(phone.calls.size).toBe(0);
    }));

  it("the phone transfers, and hears how it went", () =>
    withPeers(async (peers) => {
      const sipp = await peers.sipp("uas-is-transferred");
      const phone = await startPhone(peers);
      const call = await phone.call(`sip:service@127.0.0.1:${sipp.port}`);
      await answered(call);
      expect(await within(call.transfer({ uri: "sip:carol@192.0.2.77", blind: false }), "the outcome of the transfer")).toBe(true);
      await within(call.ended, "the end of the call");
      await sipp.succeeded();
    }));

  it("the phone asks outside of the call where the far end takes that", () =>
    withPeers(async (peers) => {
      const sipp = await peers.sipp("uas-is-transferred-from-outside", { calls: 2 });
      const phone = await startPhone(peers);
      const call = await phone.call(`sip:service@127.0.0.1:${sipp.port}`);
      await answered(call);
      expect(await within(call.transfer({ uri: "sip:carol@192.0.2.77" }), "the answer")).toBe(true);
      await within(call.ended, "the end of the call");
      await sipp.succeeded();
    }));

  it("the phone hears keys that come as telephone-events", () =>
    withPeers(async (peers) => {
      const phone = await startPhone(peers);
      const coming = incoming(phone);
      const sipp = await peers.sipp("uac-presses-keys", { target: addressOf(phone), user: "phone" });
      const call = await coming;
      expect(await digits(call, 3)).toBe("59#");
      await sipp.succeeded();
    }));

  it("the phone presses keys: three ends each, marked, of one timestamp (RFC 4733 §2.5.1)", () =>
    withPeers(async (peers) => {
      const ear = peers.keep(await RTPEar.open());
      const sipp = await peers.sipp("uas-with-media-elsewhere", { keys: { ear: ear.port } });
      const phone = await startPhone(peers);
      const call = await phone.call(`sip:service@127.0.0.1:${sipp.port}`);
      await answered(call);
      await within(call.sendDtmf("9#"), "the digits to be sent");
      await within(call.hangup(), "the far end to confirm the BYE");
      await sipp.succeeded();
      const events = (await ear.packets(1)).filter(({ payloadType }) => payloadType === 101);
      const ends = events.filter(({ payload }) => (payload[1]! & 0x80) !== 0);
      expect(ends.map(({ payload }) => payload[0])).toEqual([9, 9, 9, 11, 11, 11]);
      expect(new Set(events.map(({ timestamp }) => timestamp)).size).toBe(2);
    }));

  it("they send each other messages", () =>
    withPeers(async (peers) => {
      const phone = await startPhone(peers);
      const coming = message(phone);
      const caller = await peers.sipp("uac-sends-a-message", { target: addressOf(phone), user: "phone" });
      expect((await coming).body.trim()).toBe("Watson, come here.");
      await caller.succeeded();
      const called = await peers.sipp("uas-takes-a-message");
      expect(await within(phone.message(`sip:service@127.0.0.1:${called.port}`, "Watson, come here."), "the answer")).toBe(true);
      await called.succeeded();
    }));
});
