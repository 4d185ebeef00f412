import { afterEach, describe, expect, it } from "vitest";
import { parseMessage } from "../../../ts/sip/message/parse.ts";
import { SIPRequest } from "../../../ts/sip/message/SIPRequest.ts";
import { SIPResponse } from "../../../ts/sip/message/SIPResponse.ts";
import { SIPClient, type SIPClientOptions } from "../../../ts/sip/SIPClient.ts";
import { TCPTransport } from "../../../ts/sip/transport/tcp.ts";
import { VirtualClock } from "../../../ts/testkit/VirtualClock.ts";
import { closeAll, closeLater, type listener as Listener, listener, Mailbox, type Wire } from "../transport/streams.ts";
import { OFFER } from "./World.ts";

afterEach(closeAll);

/** Requests that a bare server hears, on whichever connection. */
function requestsOf(sockets: Awaited<ReturnType<typeof Listener>>["sockets"]): Mailbox<{ request: SIPRequest; wire: Wire }> {
  const requests = new Mailbox<{ request: SIPRequest; wire: Wire }>();
  const put = sockets.put.bind(sockets);
  sockets.put = (wire) => {
    wire.socket.on("data", () => {
      for (let end = wire.heard.indexOf("\r\n\r\n"); end >= 0; end = wire.heard.indexOf("\r\n\r\n")) {
        const length = Number(/Content-Length: (\d+)/.exec(wire.heard)?.[1] ?? 0);
        const message = end === 0 ? undefined : parseMessage(Buffer.from(wire.heard.slice(0, end + 4 + length)));
        wire.heard = wire.heard.slice(end + 4 + length);
        if (message instanceof SIPRequest) requests.put({ request: message, wire });
      }
    });
    put(wire);
  };
  return requests;
}

function answer({ request, wire }: { request: SIPRequest; wire: Wire }, status: number, contact: string): Promise<void> {
  const headers: [string, string][] = [["Contact", contact]];
  return wire.write(Buffer.from(SIPResponse.to(request, status, { toTag: "far", headers }).toBytes()).toString());
}

async function clientOverTCP(options: Partial<SIPClientOptions> & { clock: VirtualClock; listen?: boolean }): Promise<SIPClient> {
  const { clock, listen = true } = options;
  const transport = new TCPTransport({ address: "127.0.0.1", port: 0, clock, listen });
  const credentials = { get: () => ({ username: "alice", password: "secret" }) };
  const client = new SIPClient({ user: "alice", credentials, transport, random: () => 0.5, ...options });
  closeLater({ close: () => transport.close() });
  return client;
}

describe("a call over TCP", () => {
  it("outlives its connection: the BYE goes over a new one", async () => {
    const clock = new VirtualClock();
    const { endpoint, sockets } = await listener();
    const requests = requestsOf(sockets);
    const client = await clientOverTCP({ clock });
    await client.start();
    const uri = `<sip:bob@127.0.0.1:${endpoint.port};transport=tcp>`;
    const call = client.invite(uri.slice(1, -1), { body: OFFER });
    const accepted = new Promise<unknown>((resolve) => {
      call.onAccepted = resolve;
    });
    const invite = await requests.next("the INVITE");
    expect(invite.request.contact?.uri.toString()).toContain(";transport=tcp;");
    expect(invite.request.via).toMatchObject({ protocol: "TCP", port: client.transport.local.port });
    await answer(invite, 200, uri);
    await accepted;
    expect((await requests.next("the ACK")).request.method).toBe("ACK");
    invite.wire.socket.resetAndDestroy();
    await invite.wire.closed;
    expect(call.state).toBe("confirmed");
    const over = call.bye();
    const bye = await requests.next("the BYE");
    expect(bye.request.method).toBe("BYE");
    expect(bye.wire).not.toBe(invite.wire);
    await answer(bye, 200, uri);
    await over;
    expect(sockets.all).toHaveLength(2);
    await client.stop();
    expect(clock.pending).toBe(0);
  });
});

async function registered(listen: boolean): Promise<{ clock: VirtualClock; client: SIPClient; requests: ReturnType<typeof requestsOf>; last: { request: SIPRequest; wire: Wire } }> {
  const clock = new VirtualClock();
  const { endpoint, sockets } = await listener();
  const requests = requestsOf(sockets);
  const client = await clientOverTCP({ clock, listen, server: "127.0.0.1", port: endpoint.port });
  const started = client.start();
  const last = await requests.next("the REGISTER");
  const via = last.request.via.clone();
  via.params.set("received", "127.0.0.1");
  via.params.set("rport", last.wire.socket.remotePort ?? 0);
  last.request.headers.set("Via", via.toString());
  await answer(last, 200, last.request.headers.get("Contact") ?? "");
  await started;
  return { clock, client, requests, last };
}

describe("a registration over TCP", () => {
  it("is made anew within two seconds of losing its connection, over which calls would come; later when that happens over and over", async () => {
    const { clock, client, requests, last } = await registered(true);
    const disconnects = new Mailbox<unknown>();
    const { onDisconnect } = client.layer;
    client.layer.onDisconnect = (remote, error, clean) => {
      onDisconnect(remote, error, clean);
      disconnects.put(remote);
    };
    await clock.advance(61_000);
    last.wire.socket.resetAndDestroy();
    await disconnects.next();
    await clock.advance(2000);
    const second = await requests.next("another REGISTER");
    expect(second.wire).not.toBe(last.wire);
    await answer(second, 200, second.request.headers.get("Contact") ?? "");
    while (client.registrationState !== "registered") {
      // oxlint-disable-next-line no-await-in-loop -- until the answer has come
      await new Promise(setImmediate);
    }
    second.wire.socket.resetAndDestroy();
    await disconnects.next();
    await clock.advance(14_000);
    expect(requests.all).toHaveLength(2);
    await clock.advance(16_000);
    const third = await requests.next("a third REGISTER");
    await answer(third, 200, third.request.headers.get("Contact") ?? "");
    const stopped = client.stop();
    await answer(await requests.next("the last REGISTER"), 200, "*");
    await stopped;
    expect(clock.pending).toBe(0);
  });

  it("of a client that takes no connections names the one that it has", async () => {
    const { client, requests, last } = await registered(false);
    const again = await requests.next("the REGISTER with the address as seen");
    expect(again.request.contacts[0]?.uri).toMatchObject({ host: "127.0.0.1", port: last.wire.socket.remotePort });
    await answer(again, 200, again.request.headers.get("Contact") ?? "");
    const stopped = client.stop();
    await answer(await requests.next("the last REGISTER"), 200, "*");
    await stopped;
  });
});
