import { createSocket } from "node:dgram";
import { EventEmitter, once } from "node:events";
import { parseMessage } from "../../ts/sip/message/parse.ts";
import { SIPRequest } from "../../ts/sip/message/SIPRequest.ts";
import { SIPResponse } from "../../ts/sip/message/SIPResponse.ts";
import { within } from "./support.ts";

/** A peer of a few lines: a UDP socket on which the test itself speaks SIP. */
export interface ScriptedPeer {
  readonly port: number;
  /** The next request of that method; repetitions and others are passed over. */
  request(method: string): Promise<SIPRequest>;
  /** The next response to that method. */
  response(method: string): Promise<SIPResponse>;
  answer(request: SIPRequest, status: number, options?: { headers?: [string, string][]; body?: string }): void;
  send(text: string, port: number): void;
  close(): Promise<void>;
}

export async function scriptedPeer(): Promise<ScriptedPeer> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  const arrivals = new EventEmitter();
  const waiting: (SIPRequest | SIPResponse)[] = [];
  const from = new Map<string, number>();
  socket.on("message", (bytes, source) => {
    const message = parseMessage(bytes);
    if (message instanceof SIPRequest) from.set(message.via.branch ?? "", source.port);
    if (message instanceof SIPRequest || message instanceof SIPResponse) waiting.push(message);
    arrivals.emit("message");
  });
  async function take<T>(what: string, wanted: (message: SIPRequest | SIPResponse) => T | undefined): Promise<T> {
    for (;;) {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const found = wanted(next);
        if (found !== undefined) return found;
      }
      await within(5_000, what, once(arrivals, "message"));
    }
  }
  return {
    port,
    request: (method) => take(method, (message) => (message instanceof SIPRequest && message.method === method ? message : undefined)),
    response: (method) =>
      take(`a response to ${method}`, (message) => (message instanceof SIPResponse && message.cseq.method === method && message.statusCode >= 200 ? message : undefined)),
    answer: (request, status, { headers = [], body } = {}) => {
      const contact: [string, string][] = status < 300 ? [["Contact", `<sip:peer@127.0.0.1:${port}>`]] : [];
      const type: [string, string][] = body === undefined ? [] : [["Content-Type", "application/sdp"]];
      const response = SIPResponse.to(request, status, {
        ...(request.to.tag === undefined ? { toTag: "peer" } : {}),
        headers: [...contact, ...type, ...headers],
        ...(body === undefined ? {} : { body }),
      });
      socket.send(response.toBytes(), from.get(request.via.branch ?? "") ?? 0, "127.0.0.1");
    },
    send: (text, to) => socket.send(text, to, "127.0.0.1"),
    close: async () => {
      socket.close();
      await once(socket, "close");
    },
  };
}
