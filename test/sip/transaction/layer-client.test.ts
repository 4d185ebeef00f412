import { describe, expect, it } from "vitest";
import { SIPResponse } from "../../../ts/sip/message/SIPResponse.ts";
import { FAR, Heard, outgoing, rig } from "./rig.ts";

describe("sending a request", () => {
  it("puts a Via with branch and empty rport on top of a copy", async () => {
    const { layer, clock, wire } = await rig();
    const request = outgoing("OPTIONS");
    const transaction = layer.request(request, FAR, new Heard());
    await clock.advance(0);
    expect(request.headers.has("Via")).toBe(false);
    expect(wire.last.text).toMatch(/\r\nVia: SIP\/2\.0\/UDP 192\.0\.2\.1:5060;rport;branch=z9hG4bK[0-9a-f]{16,}\r\n/);
    expect(transaction.request.via.branch).toBe(wire.lastRequest().via.branch);
    expect(transaction.destination).toEqual(FAR);
    layer.close();
  });

  it("keeps the Vias that a proxy's request has below its own", async () => {
    const { layer, clock, wire } = await rig();
    const heard = new Heard();
    layer.request(outgoing("OPTIONS", [["Via", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK-first"]]), FAR, heard);
    await clock.advance(0);
    const { vias } = wire.lastRequest();
    expect(vias.map((via) => via.host)).toEqual(["192.0.2.1", "192.0.2.9"]);
    await wire.send(SIPResponse.to(wire.lastRequest(), 200));
    expect(heard.log).toEqual(["200"]);
    layer.close();
  });

  it("writes an IPv6 sent-by in brackets", async () => {
    const { layer, clock, wire } = await rig({ sentBy: () => ({ host: "2001:db8::1", port: 5062 }) });
    const heard = new Heard();
    layer.request(outgoing("OPTIONS"), FAR, heard);
    await clock.advance(0);
    expect(wire.lastRequest().via.sentBy).toBe("[2001:db8::1]:5062");
    await wire.send(SIPResponse.to(wire.lastRequest(), 200));
    expect(heard.log).toEqual(["200"]);
    layer.close();
  });

  it("repeats the very same bytes by timer A, gives up after 64*T1 and leaves nothing", async () => {
    const { layer, clock, wire } = await rig();
    const heard = new Heard();
    layer.request(outgoing("INVITE"), FAR, heard);
    await clock.advance(40_000);
    expect(wire.timedLog).toEqual([0, 500, 1500, 3500, 7500, 15_500, 31_500].map((time) => `${time} INVITE`));
    expect(new Set(wire.received.map(({ text }) => text)).size).toBe(1);
    expect(heard.log).toEqual(["timeout", "terminated"]);
    expect([layer.size, clock.pending]).toEqual([0, 0]);
  });

  it("sends once on a reliable transport", async () => {
    const { layer, clock, wire } = await rig({}, "TCP");
    const heard = new Heard();
    layer.request(outgoing("OPTIONS"), { ...FAR, protocol: "TCP" }, heard);
    await clock.advance(20_000);
    expect(wire.log).toEqual(["OPTIONS"]);
    expect(wire.lastRequest().via.protocol).toBe("TCP");
    await wire.send(SIPResponse.to(wire.lastRequest(), 200));
    expect(heard.log).toEqual(["200", "terminated"]);
    expect([layer.size, clock.pending]).toEqual([0, 0]);
  });

  it("tells of a transport error", async () => {
    const { layer, clock, transport } = await rig();
    await transport.close();
    const heard = new Heard();
    layer.request(outgoing("INVITE"), FAR, heard);
    expect(heard.log).toEqual([]);
    await clock.advance(0);
    expect(heard.log).toEqual([expect.stringMatching(/^transportError cannot send/), "terminated"]);
    expect([layer.size, clock.pending]).toEqual([0, 0]);
  });

  it("traces what comes and goes", async () => {
    const { layer, clock, wire, traced } = await rig();
    layer.request(outgoing("OPTIONS"), FAR, new Heard());
    await clock.advance(300);
    await wire.send(SIPResponse.to(wire.lastRequest(), 200));
    expect(traced.map(({ direction, time, local, remote }) => [direction, time, local.address, remote.address])).toEqual([
      ["out", 0, "192.0.2.1", "192.0.2.2"],
      ["in", 300, "192.0.2.1", "192.0.2.2"],
    ]);
    layer.close();
  });
});

describe("matching a response (RFC 3261 §17.1.3, §18.1.2)", () => {
  it("goes by branch and method: a CANCEL's response is not its INVITE's", async () => {
    const { layer, clock, wire } = await rig();
    const heard = new Heard();
    const stray: number[] = [];
    layer.onStrayResponse = (response) => stray.push(response.statusCode);
    layer.request(outgoing("INVITE"), FAR, heard);
    await clock.advance(0);
    const invite = wire.lastRequest();
    const other = SIPResponse.to(invite, 200);
    other.headers.set("CSeq", "7 CANCEL");
    await wire.send(other);
    expect(heard.log).toEqual([]);
    expect(stray).toEqual([200]);
    await wire.send(SIPResponse.to(invite, 180));
    expect(heard.log).toEqual(["180"]);
    layer.close();
  });

  it("drops and counts a response whose Via is not ours, or is not the only one", async () => {
    const { layer, clock, wire, reported } = await rig();
    const heard = new Heard();
    layer.request(outgoing("OPTIONS"), FAR, heard);
    await clock.advance(0);
    const request = wire.lastRequest();
    const otherHost = SIPResponse.to(request, 200);
    otherHost.headers.set("Via", `SIP/2.0/UDP 192.0.2.77:5060;branch=${request.via.branch}`);
    const otherPort = SIPResponse.to(request, 200);
    otherPort.headers.set("Via", `SIP/2.0/UDP 192.0.2.1:5070;branch=${request.via.branch}`);
    const twoVias = SIPResponse.to(request, 200);
    twoVias.headers.add("Via", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK-first");
    for (const response of [otherHost, otherPort, twoVias]) await wire.send(response);
    expect(layer.dropped.wrongVia).toBe(3);
    const none = SIPResponse.to(request, 200);
    none.headers.delete("Via");
    await wire.send(none);
    expect(layer.dropped.unparsable).toBe(1);
    expect(heard.log).toEqual([]);
    expect(reported).toEqual([]);
    layer.close();
  });

  it("passes a response with our Via but without a transaction to onStrayResponse", async () => {
    const { layer, clock, wire } = await rig();
    const stray: string[] = [];
    layer.onStrayResponse = (response, from) => stray.push(`${response.statusCode} ${from.address}`);
    layer.request(outgoing("INVITE"), FAR, new Heard());
    await clock.advance(0);
    const ok = SIPResponse.to(wire.lastRequest(), 200);
    await wire.send(ok);
    await clock.advance(32_000);
    expect(layer.size).toBe(0);
    await wire.send(ok);
    expect(stray).toEqual(["200 192.0.2.2"]);
  });

  it("gives the user the Via as it came back, received and rport included", async () => {
    const { layer, clock, wire } = await rig();
    const heard = new Heard();
    layer.request(outgoing("REGISTER"), FAR, heard);
    await clock.advance(0);
    const request = wire.lastRequest();
    request.via.params.set("received", "203.0.113.5").set("rport", 40_123);
    await wire.send(SIPResponse.to(request, 200));
    expect(heard.responses[0]?.via.received).toBe("203.0.113.5");
    expect(heard.responses[0]?.via.rport).toBe(40_123);
    layer.close();
  });
});

describe("an INVITE's final response", () => {
  it("other than 2xx is acknowledged as §17.1.1.3 says, each repetition by the same bytes", async () => {
    const { layer, clock, wire } = await rig();
    const heard = new Heard();
    layer.request(
      outgoing("INVITE", [
        ["Route", "<sip:p1.example.com;lr>"],
        ["Route", "<sip:p2.example.com;lr>"],
        ["Contact", "<sip:alice@192.0.2.1>"],
        ["Require", "100rel"],
      ]),
      FAR,
      heard,
    );
    await clock.advance(0);
    const invite = wire.lastRequest();
    const busy = SIPResponse.to(invite, 486, { toTag: "b1" });
    await wire.send(busy);
    const ack = wire.lastRequest();
    expect(ack.heading).toBe("ACK sip:bob@example.com SIP/2.0");
    expect(ack.vias.map(String)).toEqual([invite.via.toString()]);
    expect(ack.headers.get("To")).toBe("<sip:bob@example.com>;tag=b1");
    for (const name of ["From", "Call-ID"]) expect(ack.headers.get(name)).toBe(invite.headers.get(name));
    expect(ack.headers.get("CSeq")).toBe("7 ACK");
    expect(ack.headers.getAll("Route")).toEqual(["<sip:p1.example.com;lr>", "<sip:p2.example.com;lr>"]);
    expect(ack.headers.get("Max-Forwards")).toBe("70");
    expect(ack.headers.has("Require")).toBe(false);
    expect(ack.body).toHaveLength(0);
    const { text } = wire.last;
    await wire.send(busy);
    expect(wire.log).toEqual(["INVITE", "ACK", "ACK"]);
    expect(wire.last.text).toBe(text);
    expect(heard.log).toEqual(["486"]);
    await clock.advance(32_000);
    expect(heard.log).toEqual(["486", "terminated"]);
    expect([layer.size, clock.pending]).toEqual([0, 0]);
  });

  it("of 2xx is left to the user to acknowledge, each one: repetitions and forks", async () => {
    const { layer, clock, wire } = await rig();
    const heard = new Heard();
    layer.request(outgoing("INVITE"), FAR, heard);
    await clock.advance(0);
    const invite = wire.lastRequest();
    for (const toTag of ["b1", "b1", "b2"]) await wire.send(SIPResponse.to(invite, 200, { toTag }));
    expect(heard.responses.map(({ to }) => to.tag)).toEqual(["b1", "b1", "b2"]);
    expect(wire.log).toEqual(["INVITE"]);
    layer.close();
  });

  it("is acknowledged by sendAck under a new branch, with the same bytes as often as wanted", async () => {
    const { layer, clock, wire } = await rig();
    layer.request(outgoing("INVITE"), FAR, new Heard());
    await clock.advance(0);
    const invite = wire.lastRequest();
    const ack = outgoing("ACK");
    const again = layer.sendAck(ack, FAR);
    await clock.advance(0);
    expect(wire.lastRequest().method).toBe("ACK");
    expect(wire.lastRequest().via.branch).not.toBe(invite.via.branch);
    const { text } = wire.last;
    again();
    layer.sendAck(outgoing("ACK"), FAR);
    await clock.advance(0);
    expect(wire.received.map((message) => message.text === text)).toEqual([false, true, true, false]);
    expect(layer.size).toBe(1);
    layer.close();
  });
});
