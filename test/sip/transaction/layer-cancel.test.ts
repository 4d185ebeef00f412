import { describe, expect, it } from "vitest";
import { SIPResponse } from "../../../ts/sip/message/SIPResponse.ts";
import { FAR, first, Heard, incoming, outgoing, rig, served } from "./rig.ts";

describe("cancelling an INVITE of ours (RFC 3261 §9.1)", () => {
  it("waits for a provisional response, then sends a CANCEL that is the INVITE's in all that counts", async () => {
    const { layer, clock, wire } = await rig();
    const heard = new Heard();
    const transaction = layer.request(
      outgoing("INVITE", [
        ["Route", "<sip:p1.example.com;lr>"],
        ["Require", "100rel"],
        ["Proxy-Require", "foo"],
        ["Content-Type", "text/plain"],
      ]),
      FAR,
      heard,
    );
    await clock.advance(0);
    const invite = wire.lastRequest();
    layer.cancel(transaction, [["Reason", "SIP;cause=200;text=\"Call completed elsewhere\""]]);
    await clock.advance(600);
    expect(wire.log).toEqual(["INVITE", "INVITE"]);
    await wire.send(SIPResponse.to(invite, 100));
    expect(wire.log).toEqual(["INVITE", "INVITE", "CANCEL"]);
    const cancel = wire.lastRequest();
    expect(cancel.heading).toBe("CANCEL sip:bob@example.com SIP/2.0");
    expect(cancel.vias.map(String)).toEqual([invite.via.toString()]);
    for (const name of ["From", "To", "Call-ID", "Route"]) expect(cancel.headers.getAll(name)).toEqual(invite.headers.getAll(name));
    expect(cancel.headers.get("CSeq")).toBe("7 CANCEL");
    expect(cancel.headers.get("Reason")).toMatch(/cause=200/);
    for (const name of ["Require", "Proxy-Require", "Content-Type"]) expect(cancel.headers.has(name)).toBe(false);

    await wire.send(SIPResponse.to(cancel, 200));
    await wire.send(SIPResponse.to(invite, 487, { toTag: "b1" }));
    expect(wire.log.at(-1)).toBe("ACK");
    await clock.advance(32_000);
    expect(heard.log).toEqual(["100", "487", "terminated"]);
    expect([layer.size, clock.pending]).toEqual([0, 0]);
  });

  it("sends the CANCEL at once when a provisional response has come, and once only", async () => {
    const { layer, clock, wire } = await rig();
    const transaction = layer.request(outgoing("INVITE"), FAR, new Heard());
    await clock.advance(0);
    const invite = wire.lastRequest();
    await wire.send(SIPResponse.to(invite, 180));
    layer.cancel(transaction);
    layer.cancel(transaction);
    await clock.advance(0);
    await wire.send(SIPResponse.to(invite, 183));
    layer.cancel(transaction);
    await clock.advance(0);
    expect(wire.log).toEqual(["INVITE", "CANCEL"]);
    layer.close();
  });

  it("may be asked for from within the response callback", async () => {
    const { layer, clock, wire } = await rig();
    const transaction = layer.request(outgoing("INVITE"), FAR, {
      response: () => layer.cancel(transaction),
      timeout() {},
      transportError() {},
    });
    await clock.advance(0);
    await wire.send(SIPResponse.to(wire.lastRequest(), 180));
    expect(wire.log).toEqual(["INVITE", "CANCEL"]);
    layer.close();
  });

  for (const status of [200, 486]) {
    it(`sends none when a ${status} comes before any provisional response`, async () => {
      const { layer, clock, wire } = await rig();
      const heard = new Heard();
      const transaction = layer.request(outgoing("INVITE"), FAR, heard);
      await clock.advance(0);
      layer.cancel(transaction);
      await wire.send(SIPResponse.to(wire.lastRequest(), status));
      await clock.advance(1000);
      expect(wire.log).not.toContain("CANCEL");
      expect(heard.log).toEqual([String(status)]);
      layer.close();
    });
  }

  it("repeats a lost CANCEL by timer E, and times the INVITE out 64*T1 after it when nobody answers", async () => {
    const { layer, clock, wire } = await rig();
    const heard = new Heard();
    const transaction = layer.request(outgoing("INVITE"), FAR, heard);
    await clock.advance(0);
    await wire.send(SIPResponse.to(wire.lastRequest(), 180));
    await clock.advance(60_000);
    expect(heard.log).toEqual(["180"]);
    layer.cancel(transaction);
    await clock.advance(32_000);
    expect(wire.timedLog.slice(1, 4)).toEqual(["60000 CANCEL", "60500 CANCEL", "61500 CANCEL"]);
    expect(heard.log).toEqual(["180", "timeout", "terminated"]);
    expect([layer.size, clock.pending]).toEqual([0, 0]);
  });

  it("delivers the 200 that crossed the CANCEL, for the user to ACK and BYE", async () => {
    const { layer, clock, wire } = await rig();
    const heard = new Heard();
    const transaction = layer.request(outgoing("INVITE"), FAR, heard);
    await clock.advance(0);
    const invite = wire.lastRequest();
    await wire.send(SIPResponse.to(invite, 180));
    layer.cancel(transaction);
    await wire.send(SIPResponse.to(invite, 200, { toTag: "b1" }));
    expect(heard.log).toEqual(["180", "200"]);
    layer.close();
  });

  it("does nothing to another method, or to a transaction that is over", async () => {
    const { layer, clock, wire } = await rig();
    const options = layer.request(outgoing("OPTIONS"), FAR, new Heard());
    await clock.advance(0);
    await wire.send(SIPResponse.to(wire.lastRequest(), 100));
    layer.cancel(options);
    await clock.advance(100_000);
    layer.cancel(options);
    await clock.advance(0);
    expect(wire.log).not.toContain("CANCEL");
    expect([layer.size, clock.pending]).toEqual([0, 0]);
  });
});

describe("the far end cancels its INVITE (RFC 3261 §9.2)", () => {
  it("gets 200 for the CANCEL with the tag of the INVITE's responses; the user answers the INVITE", async () => {
    const { layer, clock, wire } = await rig();
    const transactions = served(layer);
    const cancels: string[] = [];
    layer.onCancel = (transaction, cancel) => {
      cancels.push(cancel.headers.get("Reason") ?? "none");
      expect(transaction).toBe(first(transactions));
      transaction.respond(SIPResponse.to(transaction.request, 487, { toTag: "a1" }));
    };
    await wire.send(incoming("INVITE"));
    first(transactions).respond(SIPResponse.to(first(transactions).request, 180, { toTag: "a1" }));
    await wire.send(incoming("CANCEL").replace("Content-Length", "Reason: SIP;cause=200\r\nContent-Length"));
    await wire.send(incoming("CANCEL"));
    const answers = wire.received.map(({ text }) => {
      return [text.slice(8, 11), /CSeq: \d+ (\w+)/.exec(text)?.[1], /To:.*tag=(\w+)/.exec(text)?.[1]];
    });
    expect(answers).toEqual([
      ["180", "INVITE", "a1"],
      ["200", "CANCEL", "a1"],
      ["487", "INVITE", "a1"],
      ["200", "CANCEL", "a1"],
    ]);
    expect(cancels).toEqual(["SIP;cause=200"]);
    expect(transactions).toHaveLength(1);
    await wire.send(incoming("ACK", { toTag: "a1" }));
    await clock.advance(32_000);
    expect([layer.size, clock.pending]).toEqual([0, 0]);
  });

  it("is answered 200 without effect when the INVITE has had its final response", async () => {
    const { layer, wire } = await rig();
    const transactions = served(layer);
    let cancels = 0;
    layer.onCancel = () => cancels++;
    await wire.send(incoming("INVITE"));
    first(transactions).respond(SIPResponse.to(first(transactions).request, 200, { toTag: "a1" }));
    await wire.send(incoming("CANCEL"));
    expect(wire.log).toEqual(["SIP/2.0 200", "SIP/2.0 200"]);
    expect(wire.lastResponse().cseq.method).toBe("CANCEL");
    expect(wire.lastResponse().to.tag).toBe("a1");
    expect(cancels).toBe(0);
    layer.close();
  });

  it("comes to onRequest when there is no such INVITE", async () => {
    const { layer, wire } = await rig();
    const transactions = served(layer);
    await wire.send(incoming("CANCEL"));
    expect(first(transactions).request.method).toBe("CANCEL");
    first(transactions).respond(SIPResponse.to(first(transactions).request, 481));
    await wire.send(incoming("CANCEL"));
    expect(wire.log).toEqual(["SIP/2.0 481", "SIP/2.0 481"]);
    layer.close();
  });

  it("has the INVITE refused by the layer when nobody listens for cancels, or the listener throws", async () => {
    const { layer, wire, reported } = await rig();
    served(layer);
    await wire.send(incoming("INVITE"));
    await wire.send(incoming("CANCEL"));
    expect(wire.log).toEqual(["SIP/2.0 200", "SIP/2.0 487"]);
    expect(first(wire.received).text).toMatch(/\r\nTo: .*;tag=\w{8,}\r\n/);
    layer.onCancel = () => {
      throw new Error("boom");
    };
    await wire.send(incoming("INVITE", { branch: "z9hG4bK-2", callId: "other" }));
    await wire.send(incoming("CANCEL", { branch: "z9hG4bK-2", callId: "other" }));
    expect(wire.log.slice(2)).toEqual(["SIP/2.0 200", "SIP/2.0 487"]);
    expect(reported).toEqual(["onCancel: boom"]);
    layer.close();
  });
});
