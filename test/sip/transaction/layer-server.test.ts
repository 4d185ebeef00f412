import { describe, expect, it } from "vitest";
import { SIPResponse } from "../../../ts/sip/message/SIPResponse.ts";
import type { Endpoint } from "../../../ts/sip/transport/transport.ts";
import { first, incoming, rig, served } from "./rig.ts";

/** Where the answer to a request from 192.0.2.3:40000 with this Via goes. */
async function answeredTo(via: string, protocol: "UDP" | "TCP" = "UDP"): Promise<Endpoint | undefined> {
  const { layer, network, clock, wire } = await rig({}, protocol);
  const source = network.transport("192.0.2.3", 40_000, protocol);
  await source.open();
  let to: Endpoint | undefined;
  layer.onRequest = (transaction, request) => transaction.respond(SIPResponse.to(request, 200));
  await source.send(Buffer.from(incoming("OPTIONS", { via })), { ...wire.transport.local, address: "192.0.2.1" });
  network.onDatagram = (_message, _from, destination) => (to = destination);
  await clock.advance(0);
  layer.close();
  return to;
}

describe("receiving a request", () => {
  it("begins one transaction for all its repetitions and repeats the answer", async () => {
    const { layer, clock, wire } = await rig();
    const transactions = served(layer);
    await wire.send(incoming("MESSAGE"));
    await wire.send(incoming("MESSAGE"));
    expect(transactions).toHaveLength(1);
    const { request, from } = first(transactions);
    expect([request.method, from]).toEqual(["MESSAGE", { address: "192.0.2.2", port: 5060, protocol: "UDP" }]);
    first(transactions).respond(SIPResponse.to(request, 200, { toTag: "a1" }));
    await wire.send(incoming("MESSAGE"));
    expect(wire.log).toEqual(["SIP/2.0 200", "SIP/2.0 200"]);
    expect(wire.received[0]?.text).toBe(wire.received[1]?.text);
    await clock.advance(32_000);
    expect([layer.size, clock.pending]).toEqual([0, 0]);
  });

  it("keeps requests apart by branch, sent-by and method", async () => {
    const { layer, wire } = await rig();
    const transactions = served(layer);
    await wire.send(incoming("OPTIONS", { callId: "1" }));
    await wire.send(incoming("OPTIONS", { callId: "2", branch: "z9hG4bK-far-2" }));
    await wire.send(incoming("OPTIONS", { callId: "3", via: "SIP/2.0/UDP 192.0.2.2:5061;branch=z9hG4bK-far-1" }));
    await wire.send(incoming("MESSAGE", { callId: "4" }));
    expect(transactions).toHaveLength(4);
    layer.close();
  });

  it("covers a user who is silent for 200 ms with 100 Trying, repeated when the INVITE is", async () => {
    const { layer, clock, wire } = await rig();
    const transactions = served(layer);
    await wire.send(incoming("INVITE"));
    await clock.advance(199);
    expect(wire.log).toEqual([]);
    await clock.advance(1);
    expect(wire.timedLog).toEqual(["200 SIP/2.0 100"]);
    expect(wire.lastResponse().to.tag).toBeUndefined();
    await wire.send(incoming("INVITE"));
    expect(wire.log).toEqual(["SIP/2.0 100", "SIP/2.0 100"]);
    first(transactions).respond(SIPResponse.to(first(transactions).request, 180));
    await wire.send(incoming("INVITE"));
    expect(wire.log.slice(2)).toEqual(["SIP/2.0 180", "SIP/2.0 180"]);
    layer.close();
  });

  it("repeats a refusal of an INVITE until its ACK, which the user does not see", async () => {
    const { layer, clock, wire } = await rig();
    const transactions = served(layer);
    const acks: string[] = [];
    layer.onAck = (ack) => acks.push(ack.heading);
    let terminated = false;
    await wire.send(incoming("INVITE"));
    first(transactions).onTerminated = () => (terminated = true);
    first(transactions).respond(SIPResponse.to(first(transactions).request, 486, { toTag: "a1" }));
    await clock.advance(2000);
    expect(wire.timedLog).toEqual(["0 SIP/2.0 486", "500 SIP/2.0 486", "1500 SIP/2.0 486"]);
    await wire.send(incoming("ACK", { toTag: "a1" }));
    expect(first(transactions).state).toBe("Confirmed");
    await clock.advance(5000);
    expect(wire.log).toHaveLength(3);
    expect(acks).toEqual([]);
    expect(terminated).toBe(true);
    expect([layer.size, clock.pending]).toEqual([0, 0]);
  });

  it("tells the user when the ACK to a refusal never comes", async () => {
    const { layer, clock, wire } = await rig();
    const transactions = served(layer);
    const told: string[] = [];
    await wire.send(incoming("INVITE"));
    first(transactions).onTimeout = () => told.push("timeout");
    first(transactions).onTerminated = () => told.push("terminated");
    first(transactions).respond(SIPResponse.to(first(transactions).request, 603));
    await clock.advance(32_000);
    expect(told).toEqual(["timeout", "terminated"]);
    expect([layer.size, clock.pending]).toEqual([0, 0]);
  });

  it("passes an ACK to a 2xx up, whether its branch is new or the INVITE's", async () => {
    const { layer, clock, wire } = await rig();
    const transactions = served(layer);
    const acks: (string | undefined)[] = [];
    layer.onAck = (ack, from) => acks.push(`${ack.via.branch} ${from.port}`);
    await wire.send(incoming("INVITE"));
    const ok = SIPResponse.to(first(transactions).request, 200, { toTag: "a1" });
    first(transactions).respond(ok);
    first(transactions).respond(ok);
    await wire.send(incoming("INVITE"));
    expect(wire.log).toEqual(["SIP/2.0 200", "SIP/2.0 200"]);
    await wire.send(incoming("ACK", { toTag: "a1", branch: "z9hG4bK-new" }));
    await wire.send(incoming("ACK", { toTag: "a1" }));
    expect(acks).toEqual(["z9hG4bK-new 5060", "z9hG4bK-far-1 5060"]);
    await clock.advance(32_000);
    expect([layer.size, clock.pending]).toEqual([0, 0]);
  });

  it("tells the user when a response does not leave", async () => {
    const { layer, clock, wire, transport } = await rig();
    const transactions = served(layer);
    const errors: string[] = [];
    await wire.send(incoming("OPTIONS"));
    first(transactions).onTransportError = (error) => errors.push(error.message);
    await transport.close();
    first(transactions).respond(SIPResponse.to(first(transactions).request, 200));
    await clock.advance(0);
    expect(errors).toEqual([expect.stringMatching(/cannot send/)]);
    expect([layer.size, clock.pending]).toEqual([0, 0]);
  });
});

describe("received and rport (RFC 3261 §18.2.1, RFC 3581 §4)", () => {
  const cases: { name: string; via: string; stamped: string }[] = [
    {
      name: "nothing, when sent-by is the source",
      via: "SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK1",
      stamped: "SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK1",
    },
    {
      name: "received, when sent-by is another address",
      via: "SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK1",
      stamped: "SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK1;received=192.0.2.2",
    },
    {
      name: "received, when sent-by is a name",
      via: "SIP/2.0/UDP pbx.example.com;branch=z9hG4bK1",
      stamped: "SIP/2.0/UDP pbx.example.com;branch=z9hG4bK1;received=192.0.2.2",
    },
    {
      name: "received and rport, when rport is asked for",
      via: "SIP/2.0/UDP 192.0.2.2:5060;rport;branch=z9hG4bK1",
      stamped: "SIP/2.0/UDP 192.0.2.2:5060;rport=5060;branch=z9hG4bK1;received=192.0.2.2",
    },
    {
      name: "the truth, when the sender claims a received or rport of its own",
      via: "SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK1;received=198.51.100.1;rport=9",
      stamped: "SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK1;received=192.0.2.2;rport=5060",
    },
    {
      name: "no received that the sender made up",
      via: "SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK1;received=198.51.100.1",
      stamped: "SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK1",
    },
  ];
  for (const { name, via, stamped } of cases) {
    it(`writes into the top Via ${name}`, async () => {
      const { layer, wire } = await rig();
      const transactions = served(layer);
      await wire.send(incoming("OPTIONS", { via: `${via}, SIP/2.0/UDP 192.0.2.99;branch=z9hG4bK0` }));
      const { request } = first(transactions);
      expect(request.vias.map(String)).toEqual([stamped, "SIP/2.0/UDP 192.0.2.99;branch=z9hG4bK0"]);
      expect(SIPResponse.to(request, 200).vias.map(String)).toEqual(request.vias.map(String));
      layer.close();
    });
  }

  it("answers to the source address and the port of sent-by", async () => {
    expect(await answeredTo("SIP/2.0/UDP 10.0.0.9:5070;branch=z9hG4bK1")).toMatchObject({ address: "192.0.2.3", port: 5070 });
  });

  it("answers to port 5060 when sent-by has none", async () => {
    expect(await answeredTo("SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK1")).toMatchObject({ address: "192.0.2.3", port: 5060 });
  });

  it("answers to the source port when rport is asked for", async () => {
    expect(await answeredTo("SIP/2.0/UDP 10.0.0.9:5070;rport;branch=z9hG4bK1")).toMatchObject({ address: "192.0.2.3", port: 40_000 });
  });

  it("answers along the connection on a reliable transport", async () => {
    const to = await answeredTo("SIP/2.0/TCP 10.0.0.9:5070;branch=z9hG4bK1", "TCP");
    expect(to).toEqual({ address: "192.0.2.3", port: 40_000, protocol: "TCP" });
  });

  it("obeys maddr for multicast only: nobody aims our answers at a third party", async () => {
    const group = await answeredTo("SIP/2.0/UDP 192.0.2.3:5070;maddr=224.0.1.75;branch=z9hG4bK1");
    expect(group).toMatchObject({ address: "224.0.1.75", port: 5070 });
    const third = await answeredTo("SIP/2.0/UDP 192.0.2.3:5070;maddr=198.51.100.1;branch=z9hG4bK1");
    expect(third).toMatchObject({ address: "192.0.2.3", port: 5070 });
  });
});

describe("RFC 2543 peers, whose branches are not unique (§17.2.3)", () => {
  const via = "SIP/2.0/UDP 192.0.2.2:5060";

  it("are matched by Request-URI, tags, Call-ID, CSeq and Via", async () => {
    const { layer, wire } = await rig();
    const transactions = served(layer);
    await wire.send(incoming("OPTIONS", { via }));
    await wire.send(incoming("OPTIONS", { via }));
    expect(transactions).toHaveLength(1);
    await wire.send(incoming("OPTIONS", { via, cseq: 2 }));
    await wire.send(incoming("OPTIONS", { via, callId: "other" }));
    await wire.send(incoming("OPTIONS", { via, fromTag: "other" }));
    await wire.send(incoming("OPTIONS", { via, toTag: "other" }));
    await wire.send(incoming("OPTIONS", { via, uri: "sip:other@192.0.2.1", cseq: 3 }));
    await wire.send(incoming("OPTIONS", { via: "SIP/2.0/UDP 192.0.2.2:5062", cseq: 4 }));
    expect(transactions).toHaveLength(7);
    layer.close();
  });

  it("are matched so too when the branch is the bare cookie", async () => {
    const { layer, wire } = await rig();
    const transactions = served(layer);
    await wire.send(incoming("OPTIONS", { branch: "z9hG4bK" }));
    await wire.send(incoming("OPTIONS", { branch: "z9hG4bK", callId: "other" }));
    expect(transactions).toHaveLength(2);
    layer.close();
  });

  for (const toTag of [undefined, "dialog"]) {
    it(`have their ACK to a refusal found, ${toTag === undefined ? "with the tag of our response" : "within a dialog"}`, async () => {
      const { layer, wire } = await rig();
      const transactions = served(layer);
      const acks: string[] = [];
      layer.onAck = (ack) => acks.push(ack.heading);
      await wire.send(incoming("INVITE", { via, ...(toTag === undefined ? {} : { toTag }) }));
      first(transactions).respond(SIPResponse.to(first(transactions).request, 486, { toTag: "a1" }));
      await wire.send(incoming("ACK", { via, toTag: "wrong" }));
      expect(first(transactions).state).toBe("Completed");
      await wire.send(incoming("ACK", { via, toTag: toTag ?? "a1" }));
      expect(first(transactions).state).toBe("Confirmed");
      expect(acks).toHaveLength(1);
      layer.close();
    });
  }

  it("have their CANCEL find its INVITE", async () => {
    const { layer, wire } = await rig();
    served(layer);
    const cancelled: string[] = [];
    layer.onCancel = (transaction) => cancelled.push(transaction.request.method);
    await wire.send(incoming("INVITE", { via }));
    await wire.send(incoming("CANCEL", { via }));
    expect(cancelled).toEqual(["INVITE"]);
    layer.close();
  });
});

describe("a merged request (RFC 3261 §8.2.2.2)", () => {
  it("is refused with 482: the same request by another path", async () => {
    const { layer, clock, wire } = await rig();
    const transactions = served(layer);
    await wire.send(incoming("INVITE"));
    await wire.send(incoming("INVITE", { branch: "z9hG4bK-far-2" }));
    expect(transactions).toHaveLength(1);
    expect(wire.log).toEqual(["SIP/2.0 482"]);
    await wire.send(incoming("ACK", { branch: "z9hG4bK-far-2" }));
    await wire.send(incoming("INVITE", { branch: "z9hG4bK-far-3" }));
    expect(wire.log).toEqual(["SIP/2.0 482", "SIP/2.0 482"]);
    expect(clock.now()).toBe(0);
    layer.close();
  });

  it("is no longer one when the first transaction is over", async () => {
    const { layer, clock, wire } = await rig();
    const transactions = served(layer);
    layer.onRequest = (transaction, request) => {
      transactions.push(transaction);
      transaction.respond(SIPResponse.to(request, 200));
    };
    await wire.send(incoming("OPTIONS"));
    await clock.advance(32_000);
    await wire.send(incoming("OPTIONS", { branch: "z9hG4bK-far-2" }));
    expect(transactions).toHaveLength(2);
    layer.close();
  });

  it("is none within a dialog, nor with another CSeq", async () => {
    const { layer, wire } = await rig();
    const transactions = served(layer);
    await wire.send(incoming("INVITE", { toTag: "a1" }));
    await wire.send(incoming("INVITE", { toTag: "a1", branch: "z9hG4bK-far-2" }));
    await wire.send(incoming("INVITE", { branch: "z9hG4bK-far-3", cseq: 5 }));
    await wire.send(incoming("INVITE", { branch: "z9hG4bK-far-4", cseq: 6 }));
    expect(transactions).toHaveLength(4);
    layer.close();
  });
});
