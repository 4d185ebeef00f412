import { describe, expect, it } from "vitest";
import { parseMessage } from "../../../ts/sip/message/parse.ts";
import { SIPRequest } from "../../../ts/sip/message/SIPRequest.ts";
import { SIPResponse } from "../../../ts/sip/message/SIPResponse.ts";
import { TransactionLayer } from "../../../ts/sip/transaction/TransactionLayer.ts";
import type { Endpoint, Transport } from "../../../ts/sip/transport/transport.ts";
import { TransportSet } from "../../../ts/sip/transport/TransportSet.ts";
import { MemoryNetwork } from "../../../ts/testkit/MemoryNetwork.ts";
import { VirtualClock } from "../../../ts/testkit/VirtualClock.ts";
import { FAR, first, Heard, outgoing } from "./rig.ts";

interface Far {
  readonly clock: VirtualClock;
  readonly layer: TransactionLayer;
  readonly network: MemoryNetwork;
  /** `TCP INVITE`, as it came. */
  readonly log: string[];
  readonly requests: SIPRequest[];
  readonly respond: (request: SIPRequest, status: number) => void;
}

/** A layer that speaks UDP and TCP at 192.0.2.1, and a far end that speaks what it is told to. */
async function setUp(spoken: readonly ("UDP" | "TCP")[]): Promise<Far> {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock, seed: 1 });
  const transport = new TransportSet([network.transport("192.0.2.1", 5060), network.transport("192.0.2.1", 5060, "TCP")]);
  await transport.open();
  const layer = new TransactionLayer({ transport, clock, sentBy: () => ({ host: "192.0.2.1", port: 5060 }) });
  const log: string[] = [];
  const requests: SIPRequest[] = [];
  const far = new Map<string, Transport>();
  for (const protocol of spoken) {
    const end = network.transport(FAR.address, FAR.port, protocol);
    // oxlint-disable-next-line no-await-in-loop -- two at most
    await end.open();
    far.set(protocol, end);
    end.onMessage = (bytes) => {
      const message = parseMessage(bytes);
      if (!(message instanceof SIPRequest)) return;
      log.push(`${protocol} ${message.method}`);
      requests.push(message);
    };
  }
  const respond = (request: SIPRequest, status: number): void => {
    const { protocol } = request.via;
    const to: Endpoint = { address: "192.0.2.1", port: 5060, protocol: protocol === "TCP" ? "TCP" : "UDP" };
    void far.get(protocol)?.send(SIPResponse.to(request, status, { toTag: "far" }).toBytes(), to);
  };
  return { clock, layer, network, log, requests, respond };
}

function large(method: string, bytes: number): SIPRequest {
  return outgoing(method, [["Subject", "x".repeat(bytes)]]);
}

describe("a request of more than 1,300 bytes (RFC 3261 §18.1.1)", () => {
  it("goes over TCP, and its Via says so; what is no larger stays with UDP", async () => {
    const { clock, layer, log, requests, respond } = await setUp(["UDP", "TCP"]);
    const heard = new Heard();
    const transaction = layer.request(large("OPTIONS", 1300), FAR, heard);
    expect(transaction.destination).toEqual({ ...FAR, protocol: "TCP" });
    await clock.advance(0);
    expect(first(requests).via.protocol).toBe("TCP");
    respond(first(requests), 200);
    await clock.advance(0);
    expect(heard.log).toEqual(["200", "terminated"]);
    const empty = layer.request(outgoing("OPTIONS"), FAR, new Heard()).request.toBytes().length + "Subject: \r\n".length;
    layer.request(large("OPTIONS", 1300 - empty), FAR, new Heard());
    layer.request(large("OPTIONS", 1301 - empty), FAR, new Heard());
    await clock.advance(0);
    expect(log).toEqual(["TCP OPTIONS", "UDP OPTIONS", "UDP OPTIONS", "TCP OPTIONS"]);
    layer.close();
  });

  it("goes over UDP after all when nobody takes connections there, as a new transaction; and at once for the next hour", async () => {
    const { clock, layer, log, requests, respond } = await setUp(["UDP"]);
    const heard = new Heard();
    const transaction = layer.request(large("INVITE", 1300), FAR, heard);
    const { branch } = transaction.request.via;
    await clock.advance(0);
    expect(log).toEqual(["UDP INVITE"]);
    expect(first(requests).via).toMatchObject({ protocol: "UDP" });
    expect(first(requests).via.branch).not.toBe(branch);
    expect(transaction.destination).toEqual(FAR);
    respond(first(requests), 486);
    await clock.advance(40_000);
    expect(heard.log).toEqual(["486", "terminated"]);
    expect(log).toEqual(["UDP INVITE", "UDP ACK"]);
    expect(layer.request(large("OPTIONS", 1300), FAR, new Heard()).destination.protocol).toBe("UDP");
    await clock.advance(3_600_000);
    expect(layer.request(large("OPTIONS", 1300), FAR, new Heard()).destination.protocol).toBe("TCP");
    layer.close();
  });

  it("is cancelled and acknowledged over the transport that it took", async () => {
    const { clock, layer, log, requests, respond } = await setUp(["UDP", "TCP"]);
    const transaction = layer.request(large("INVITE", 1300), FAR, new Heard());
    layer.cancel(transaction);
    await clock.advance(0);
    respond(first(requests), 180);
    await clock.advance(0);
    respond(first(requests), 487);
    await clock.advance(0);
    expect(log).toEqual(["TCP INVITE", "TCP CANCEL", "TCP ACK"]);
    layer.close();
  });

  it("that was cancelled before it left takes no other way", async () => {
    const { clock, layer, log } = await setUp(["UDP"]);
    const heard = new Heard();
    const transaction = layer.request(large("INVITE", 1300), FAR, heard);
    layer.cancel(transaction);
    await clock.advance(100);
    expect(heard.log[0]).toMatch(/^transportError/);
    expect(log).toEqual([]);
    expect(layer.size).toBe(0);
    layer.close();
  });

  it("that is an ACK to a 2xx does the same, each time", async () => {
    for (const spoken of [["UDP", "TCP"], ["UDP"]] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one far end after the other
      const { clock, layer, log } = await setUp(spoken);
      const ack = large("ACK", 1300);
      const again = layer.sendAck(ack, FAR);
      again();
      // oxlint-disable-next-line no-await-in-loop
      await clock.advance(0);
      const over = spoken.at(-1);
      expect(log).toEqual([`${over} ACK`, `${over} ACK`]);
      layer.close();
    }
  });
});

describe("several transports at once", () => {
  it("each take what is meant for them, and what they bring is answered over them", async () => {
    const { clock, layer, network, log } = await setUp(["UDP", "TCP"]);
    for (const protocol of ["UDP", "TCP"] as const) layer.request(outgoing("OPTIONS"), { ...FAR, protocol }, new Heard());
    await clock.advance(0);
    expect(log).toEqual(["UDP OPTIONS", "TCP OPTIONS"]);
    const sent: string[] = [];
    network.onDatagram = (bytes, from, to) => sent.push(`${from.protocol} ${Buffer.from(bytes).toString().slice(0, 11)} ${to.port}`);
    layer.onRequest = (transaction, request) => transaction.respond(SIPResponse.to(request, 200));
    for (const protocol of ["UDP", "TCP"] as const) {
      const end = network.transport("192.0.2.3", 5070, protocol);
      // oxlint-disable-next-line no-await-in-loop -- two
      await end.open();
      const request = outgoing("OPTIONS", [["Via", `SIP/2.0/${protocol} 192.0.2.3:5070;branch=z9hG4bK${protocol}`]]);
      request.headers.set("Call-ID", protocol);
      // oxlint-disable-next-line no-await-in-loop
      await end.send(request.toBytes(), { address: "192.0.2.1", port: 5060, protocol });
      // oxlint-disable-next-line no-await-in-loop
      await clock.advance(0);
    }
    expect(sent.filter((line) => line.includes("SIP/2.0"))).toEqual(["UDP SIP/2.0 200 5070", "TCP SIP/2.0 200 5070"]);
    layer.close();
  });

  it("retransmit only where the transport may lose: it is the transaction's transport that counts", async () => {
    const { clock, layer, log } = await setUp(["UDP", "TCP"]);
    for (const protocol of ["UDP", "TCP"] as const) layer.request(outgoing("INVITE"), { ...FAR, protocol }, new Heard());
    await clock.advance(1600);
    expect(log.filter((line) => line === "UDP INVITE")).toHaveLength(3);
    expect(log.filter((line) => line === "TCP INVITE")).toHaveLength(1);
    layer.close();
  });

  it("that lack the one that is asked for say which they are", async () => {
    const { clock, layer } = await setUp(["UDP"]);
    const heard = new Heard();
    layer.request(outgoing("OPTIONS"), { ...FAR, protocol: "TLS" }, heard);
    await clock.advance(0);
    expect(first(heard.log)).toBe("transportError cannot send to TLS 192.0.2.2:5060: this client speaks UDP and TCP only; set transportMode");
    layer.close();
  });
});
