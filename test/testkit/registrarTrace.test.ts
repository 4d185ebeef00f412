import { describe, expect, it } from "vitest";

import { parseMessage } from "../../ts/sip/message/parse.ts";
import { UDPTransport } from "../../ts/sip/transport/udp.ts";
import { Registrar, type TraceEntry } from "../../ts/testkit/index.ts";
import { systemClock } from "../../ts/time/clock.ts";
import { Exchange, USERS } from "./exchange.ts";
import { Softphone } from "./Softphone.ts";

const line = ({ direction, bytes, remote }: TraceEntry): string =>
  `${direction === "in" ? "<-" : "->"} ${remote.address} ${parseMessage(bytes).heading.replace("SIP/2.0", "").trim()}`;

describe("the registrar's trace", () => {
  it("shows every message with its time, for a ladder diagram", async () => {
    const exchange = await Exchange.start();
    const trace: TraceEntry[] = [];
    exchange.registrar.trace = (entry) => trace.push(entry);
    await exchange.registered("alice");
    expect(trace.map(line)).toEqual([
      "<- 192.0.2.10 REGISTER sip:192.0.2.1:5060",
      "-> 192.0.2.10 401 Unauthorized",
      "<- 192.0.2.10 REGISTER sip:192.0.2.1:5060",
      "-> 192.0.2.10 200 OK",
    ]);
    expect(trace.map((entry) => entry.time)).toEqual([5, 5, 15, 15]);
  });
});

describe("the registrar on a real socket", () => {
  it("takes any free port, registers a phone in real time, and frees the port", async () => {
    const registrar = new Registrar({ users: USERS });
    await registrar.start();
    const transport = new UDPTransport({ address: "127.0.0.1", port: 0 });
    await transport.open();
    const server = () => ({ address: registrar.address, port: registrar.port, protocol: "UDP" }) as const;
    const alice = new Softphone({ name: "alice", password: "secret", transport, clock: systemClock, server });
    try {
      expect(registrar.address).toBe("127.0.0.1");
      expect(registrar.port).toBeGreaterThan(0);
      const response = await alice.authenticated(alice.register());
      expect(response.statusCode).toBe(200);
      expect(registrar.bindings).toMatchObject([{ user: "alice", source: transport.local }]);
    } finally {
      alice.layer.close();
      await transport.close();
      await registrar.stop();
    }
    expect(registrar.bindings).toEqual([]);
    // Had the port not been freed, this would reject.
    const next = new UDPTransport({ address: "127.0.0.1", port: registrar.port });
    await next.open();
    await next.close();
    await registrar.stop();
  });

  it("speaks IPv6", async () => {
    const registrar = new Registrar({ users: USERS, address: "::1", authenticate: [] });
    await registrar.start();
    const transport = new UDPTransport({ address: "::1", port: 0 });
    await transport.open();
    const server = () => ({ address: registrar.address, port: registrar.port, protocol: "UDP" }) as const;
    const alice = new Softphone({ name: "alice", password: "secret", transport, clock: systemClock, server });
    try {
      expect((await alice.send(alice.register()).final).statusCode).toBe(200);
      alice.onRequest = (transaction) => alice.reject(200, transaction);
      await alice.send(alice.create("MESSAGE", "alice")).final;
      expect(alice.received[0]!.heading).toBe(`MESSAGE sip:alice@[::1]:${transport.local.port} SIP/2.0`);
    } finally {
      alice.layer.close();
      await transport.close();
      await registrar.stop();
    }
  });
});
