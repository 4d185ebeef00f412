import { describe, expect, it } from "vitest";
import { SIPResponse } from "../../../ts/sip/message/SIPResponse.ts";
import { FAR, first, Heard, incoming, outgoing, rig, served } from "./rig.ts";

function boom(): never {
  throw new Error("boom");
}

async function later(): Promise<void> {
  await Promise.resolve();
  throw new Error("later");
}

describe("what cannot be parsed", () => {
  it("is answered with the status it deserves when it is a request that can be answered", async () => {
    const { layer, wire, reported } = await rig();
    const transactions = served(layer);
    const broken = incoming("INVITE").replace("CSeq: 1 INVITE", "CSeq: one INVITE");
    await wire.send(broken);
    expect(wire.log).toEqual(["SIP/2.0 400"]);
    expect(wire.last.text).toMatch(/\r\nVia: SIP\/2\.0\/UDP 192\.0\.2\.2:5060;branch=z9hG4bK-far-1\r\n/);
    expect(wire.last.text).toMatch(/\r\nTo: <sip:alice@example\.com>;tag=\w+\r\n/);
    await wire.send(broken);
    expect(wire.received[0]?.text).toBe(wire.received[1]?.text);
    await wire.send(incoming("OPTIONS").replace("SIP/2.0\r\n", "SIP/7.0\r\n"));
    expect(wire.log.at(-1)).toBe("SIP/2.0 505");
    await wire.send(incoming("OPTIONS", { via: "SIP/2.0/UDP 10.0.0.9;rport;branch=z9hG4bK2" }).replace("OPTIONS sip:", "OPTIONS si p:"));
    expect(wire.log.at(-1)).toBe("SIP/2.0 400");
    expect(wire.last.text).toMatch(/rport=5060;branch=z9hG4bK2;received=192\.0\.2\.2/);
    expect(transactions).toEqual([]);
    expect(layer.size).toBe(0);
    expect(reported).toEqual([]);
  });

  it("is dropped and counted when it cannot: noise, responses, ACKs, requests without a usable Via", async () => {
    const { layer, wire, reported } = await rig();
    const noise = [
      "hello",
      "\u0000\u0001\u0002\u0003",
      "GET / HTTP/1.1\r\n\r\n",
      "SIP/2.0 200 OK\r\nVia: nonsense\r\n\r\n",
      incoming("ACK").replace("CSeq: 1 ACK", "CSeq: one ACK"),
      incoming("INVITE", { via: "nonsense" }),
      incoming("INVITE").replace(/Via:.*\r\n/, ""),
    ];
    for (const message of noise) await wire.send(message);
    expect(wire.log).toEqual([]);
    expect(layer.dropped.unparsable).toBe(noise.length);
    expect([layer.size, reported]).toEqual([0, []]);
  });

  it("never throws, whatever is cut out of or put into a message", async () => {
    const { layer, clock, wire, reported } = await rig();
    layer.onRequest = (transaction, request) => transaction.respond(SIPResponse.to(request, 200));
    const whole = incoming("INVITE", { via: "SIP/2.0/UDP pbx.example.com;rport;branch=z9hG4bK-far-1;maddr=[::1]" });
    for (let at = 0; at < whole.length; at++) {
      await wire.transport.send(Buffer.from(whole.slice(0, at)), { ...FAR, address: "192.0.2.1" });
      for (const insert of ["\0", "\r\n", ";", "<", '"', "é"]) {
        await wire.transport.send(Buffer.from(whole.slice(0, at) + insert + whole.slice(at + 1)), { ...FAR, address: "192.0.2.1" });
      }
    }
    await clock.advance(40_000);
    expect(reported).toEqual([]);
    expect([layer.size, clock.pending]).toEqual([0, 0]);
  });
});

describe("a user that throws", () => {
  it("in onRequest, at once or later: the request is answered 500", async () => {
    const { layer, clock, wire, reported } = await rig();
    layer.onRequest = boom;
    await wire.send(incoming("OPTIONS"));
    layer.onRequest = later;
    await wire.send(incoming("MESSAGE", { callId: "2" }));
    expect(wire.log).toEqual(["SIP/2.0 500", "SIP/2.0 500"]);
    expect(reported).toEqual(["onRequest: boom", "onRequest: later"]);
    await clock.advance(32_000);
    expect(layer.size).toBe(0);
  });

  it("in onRequest after it has answered: its answer stands", async () => {
    const { layer, wire, reported } = await rig();
    layer.onRequest = (transaction, request) => {
      transaction.respond(SIPResponse.to(request, 200));
      throw new Error("boom");
    };
    await wire.send(incoming("OPTIONS"));
    expect(wire.log).toEqual(["SIP/2.0 200"]);
    expect(reported).toEqual(["onRequest: boom"]);
    layer.close();
  });

  it("in any other callback: the machines go on", async () => {
    const { layer, clock, wire, transport, reported } = await rig();
    layer.onAck = boom;
    layer.onStrayResponse = boom;
    const transactions = served(layer);
    layer.request(outgoing("INVITE"), FAR, { response: boom, timeout: boom, transportError: boom, terminated: boom });
    await clock.advance(0);
    const invite = wire.lastRequest();
    await wire.send(SIPResponse.to(invite, 180));
    await wire.send(SIPResponse.to(invite, 486));
    expect(wire.log).toEqual(["INVITE", "ACK"]);
    await wire.send(incoming("ACK"));
    await clock.advance(32_000);
    await wire.send(SIPResponse.to(invite, 486));
    await wire.send(incoming("INVITE"));
    Object.assign(first(transactions), { onTimeout: boom, onTransportError: boom, onTerminated: boom });
    await transport.close();
    first(transactions).respond(SIPResponse.to(first(transactions).request, 486));
    await clock.advance(32_000);
    expect(reported).toEqual([
      "response: boom",
      "response: boom",
      "onAck: boom",
      "terminated: boom",
      "onStrayResponse: boom",
      ...Array.from({ length: 11 }, () => "onTransportError: boom"),
      "onTimeout: boom",
      "onTerminated: boom",
    ]);
    expect([layer.size, clock.pending]).toEqual([0, 0]);
  });

  it("in trace or in onInternalError itself: nobody is disturbed", async () => {
    const { layer, clock, wire } = await rig({ trace: boom, onInternalError: boom });
    const heard = new Heard();
    layer.request(outgoing("OPTIONS"), FAR, heard);
    await clock.advance(0);
    await wire.send(SIPResponse.to(wire.lastRequest(), 200));
    expect(heard.log).toEqual(["200"]);
    layer.close();
  });

  it("by handing in a request that lacks its essentials hears of it at once, and nothing is left", async () => {
    const { layer, clock } = await rig();
    for (const name of ["From", "To", "Call-ID", "CSeq"]) {
      const request = outgoing("OPTIONS");
      request.headers.delete(name);
      expect(() => layer.request(request, FAR, new Heard())).toThrow(name);
    }
    const request = outgoing("OPTIONS");
    request.headers.set("CSeq", "7 INVITE");
    expect(() => layer.request(request, FAR, new Heard())).toThrow(/CSeq/);
    expect([layer.size, clock.pending]).toEqual([0, 0]);
  });
});

describe("a layer without a user", () => {
  it("answers requests with 503", async () => {
    const { layer, wire } = await rig();
    await wire.send(incoming("INVITE"));
    expect(wire.log).toEqual(["SIP/2.0 503"]);
    layer.close();
  });
});

describe("closing the layer", () => {
  it("leaves no alarm and no transaction, and tells nobody", async () => {
    const { layer, clock, wire } = await rig();
    const heard = new Heard();
    const transactions = served(layer);
    const told: string[] = [];
    layer.request(outgoing("INVITE"), FAR, heard);
    layer.request(outgoing("OPTIONS"), FAR, heard);
    await wire.send(incoming("INVITE"));
    await wire.send(incoming("OPTIONS", { callId: "2" }));
    for (const transaction of transactions) transaction.onTerminated = () => told.push("terminated");
    expect(layer.size).toBe(4);
    layer.close();
    layer.close();
    expect([layer.size, clock.pending]).toEqual([0, 0]);
    const sent = wire.received.length;
    first(transactions).respond(SIPResponse.to(first(transactions).request, 200));
    await wire.send(incoming("OPTIONS", { callId: "3" }));
    await clock.advance(100_000);
    expect(wire.received).toHaveLength(sent);
    expect(transactions).toHaveLength(2);
    expect([heard.log, told]).toEqual([[], []]);
    expect([layer.size, clock.pending]).toEqual([0, 0]);
  });

  it("fails later requests", async () => {
    const { layer, clock } = await rig();
    layer.close();
    const heard = new Heard();
    layer.request(outgoing("OPTIONS"), FAR, heard);
    layer.sendAck(outgoing("ACK"), FAR);
    await clock.advance(0);
    expect(heard.log).toEqual([expect.stringMatching(/transportError.*closed/)]);
    expect([layer.size, clock.pending]).toEqual([0, 0]);
  });

  it("may happen inside a callback, which is then the last", async () => {
    const { layer, clock, wire } = await rig({}, "TCP");
    const heard: string[] = [];
    layer.request(outgoing("INVITE"), { ...FAR, protocol: "TCP" }, {
      response: () => {
        heard.push("response");
        layer.close();
      },
      timeout: () => heard.push("timeout"),
      transportError: () => heard.push("transportError"),
      terminated: () => heard.push("terminated"),
    });
    await clock.advance(0);
    await wire.send(SIPResponse.to(wire.lastRequest(), 486));
    await clock.advance(100_000);
    expect(heard).toEqual(["response"]);
    expect([layer.size, clock.pending]).toEqual([0, 0]);
  });
});
