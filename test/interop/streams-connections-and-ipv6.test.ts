import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, expect, it } from "vitest";

import { TransportMode } from "../../ts/index.ts";
import { within } from "./peers/deadline.ts";
import { addressOf, answered, incoming, startPhone, withPeers } from "./phone.ts";

/** SIPp writes each message at once and by itself; a stream's other shapes come from this socket. */
class Wire {
  readonly #socket: Socket;
  #text = "";

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => {
      this.#text += chunk.toString();
    });
  }

  static async to(port: number): Promise<Wire> {
    const socket = connect(port, "127.0.0.1");
    await within(once(socket, "connect"), "a connection to the phone");
    return new Wire(socket);
  }

  /** The local port. */
  get port(): number {
    return this.#socket.localPort!;
  }

  /** In pieces, each handed to the kernel before the next. */
  async write(...pieces: string[]): Promise<void> {
    for (const piece of pieces) await new Promise((resolve) => this.#socket.write(piece, resolve));
  }

  /** The first match in all that has come, or is still to come. */
  async reads(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#text);
      if (match) return match;
      await within(once(this.#socket, "data"), `the phone to send ${pattern}; so far: ${this.#text}`);
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}

function request(wire: Wire, method: string, sequence: number, extra: readonly string[] = [], body = ""): string {
  const lines = [
    `${method} sip:phone@127.0.0.1 SIP/2.0`,
    `Via: SIP/2.0/TCP 127.0.0.1:${wire.port};branch=z9hG4bK${method}${sequence};rport`,
    "From: <sip:wire@127.0.0.1>;tag=wire",
    ...(extra.some((line) => line.startsWith("To:")) ? [] : ["To: <sip:phone@127.0.0.1>"]),
    `Call-ID: ${wire.port}@wire`,
    `CSeq: ${sequence} ${method}`,
    "Max-Forwards: 70",
    `Contact: <sip:wire@127.0.0.1:${wire.port};transport=tcp>`,
    ...extra,
    `Content-Length: ${body.length}`,
  ];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

const sdp = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", "m=audio 19998 RTP/AVP 0", ""].join("\r\n");

describe.concurrent("over TCP", () => {
  it("a call whose messages come byte by byte, after keep-alives, is a call", () =>
    withPeers(async (peers) => {
      const phone = await startPhone(peers, { transportMode: TransportMode.TCP });
      const wire = await Wire.to(phone.localEndpoint!.port);
      const coming = incoming(phone);
      await wire.write("\r\n\r\n", ...request(wire, "INVITE", 1, ["Content-Type: application/sdp"], sdp).split(""));
      const call = await coming;
      const [, to] = await wire.reads(/SIP\/2\.0 200 [^]*?\r\n(To: [^\r]*tag=[^\r]*)[^]*m=audio/);
      await wire.write(...request(wire, "ACK", 1, [to!]).split(""));
      await wire.write(...request(wire, "BYE", 2, [to!]).split(""));
      await wire.reads(/SIP\/2\.0 200 OK[^]*CSeq: 2 BYE/);
      expect(await within(call.ended, "the end of the call")).toMatchObject({ by: "remote", cause: "bye" });
      wire.close();
    }));

  it("three requests in one segment, and the half of a fourth, are answered each", () =>
    withPeers(async (peers) => {
      const phone = await startPhone(peers, { transportMode: TransportMode.TCP });
      const wire = await Wire.to(phone.localEndpoint!.port);
      const all = [1, 2, 3, 4].map((sequence) => request(wire, "OPTIONS", sequence)).join("");
      await wire.write(all.slice(0, -100));
      for (const sequence of [1, 2, 3]) await wire.reads(new RegExp(`CSeq: ${sequence} OPTIONS`));
      await wire.write(all.slice(-100));
      await wire.reads(/CSeq: 4 OPTIONS/);
      wire.close();
    }));

  it("SIPp calls, is called, and hangs up", () =>
    withPeers(async (peers) => {
      const phone = await startPhone(peers, { transportMode: TransportMode.TCP });
      const coming = incoming(phone);
      const sipp = await peers.sipp("uac-changes-the-codec", { target: addressOf(phone), user: "phone", protocol: "TCP" });
      const call = await coming;
      await sipp.succeeded();
      expect(await within(call.ended, "the end of the call")).toMatchObject({ by: "remote", cause: "bye" });
      const other = await peers.sipp("uas-answers", { protocol: "TCP" });
      const out = await phone.call(`sip:service@127.0.0.1:${other.port};transport=tcp`);
      await answered(out);
      await within(out.hangup(), "the far end to confirm the BYE");
      await other.succeeded();
    }));

  it("the far end's connection is lost in a call: the call lives, and hanging up ends it in time", () =>
    withPeers(async (peers) => {
      const phone = await startPhone(peers, { transportMode: TransportMode.TCP, timers: { t1: 20, t2: 160 } });
      const wire = await Wire.to(phone.localEndpoint!.port);
      const coming = incoming(phone);
      await wire.write(request(wire, "INVITE", 1, ["Content-Type: application/sdp"], sdp));
      const call = await coming;
      const [, to] = await wire.reads(/SIP\/2\.0 200 [^]*?\r\n(To: [^\r]*tag=[^\r]*)[^]*m=audio/);
      await wire.write(request(wire, "ACK", 1, [to!]));
      await answered(call);
      wire.close();
      await within(call.hangup(), "the phone to give the BYE up");
      expect(await call.ended).toMatchObject({ by: "local", cause: "bye" });
      expect(phone.calls.size).toBe(0);
    }));
});

describe.concurrent("over IPv6", () => {
  it("SIPp calls the phone, holds it and hangs up", () =>
    withPeers(async (peers) => {
      const phone = await startPhone(peers, { bindIp: "::1" });
      const coming = incoming(phone);
      const sipp = await peers.sipp("uac-holds-by-sendonly", { target: `[::1]:${phone.localEndpoint!.port}`, user: "phone", host: "::1" });
      const call = await coming;
      await sipp.succeeded();
      expect(await within(call.ended, "the end of the call")).toMatchObject({ by: "remote", cause: "bye" });
    }));

  it("the phone calls SIPp", () =>
    withPeers(async (peers) => {
      const sipp = await peers.sipp("uas-answers", { host: "::1" });
      const phone = await startPhone(peers, { bindIp: "::1" });
      const call = await phone.call(`sip:service@[::1]:${sipp.port}`);
      await answered(call);
      await within(call.hangup(), "the far end to confirm the BYE");
      await sipp.succeeded();
    }));
});
