import { EventEmitter, once } from "node:events";
import { expect, it, onTestFinished } from "vitest";
import {
  CredentialsManager,
  InvalidAccountInfoError,
  parseMessage,
  SIPClient,
  type SIPClientOptions,
  SIPMessage,
  SIPMessageType,
  SIPMethod,
  SIPParseError,
  SIPRequest,
  SIPResponse,
  SIPStatus,
  UDPTransport,
} from "../../ts/index.ts";
import type { ServerInviteSession } from "../../ts/sip/dialog/ServerInviteSession.ts";
import { newPhone, startRegistrar, within } from "../phone/support.ts";

const OFFER = { contentType: "application/sdp", content: "v=0 offer" };
const ANSWER = { contentType: "application/sdp", content: "v=0 answer" };

type Class = new (options: SIPClientOptions) => SIPClient;

async function client(user: string, options: Partial<SIPClientOptions> = {}, type: Class = SIPClient): Promise<SIPClient> {
  const made = new type({ user, credentials: new CredentialsManager(), transport: new UDPTransport({ address: "127.0.0.1", port: 0 }), ...options });
  onTestFinished(() => made.stop());
  if (options.server === undefined) await made.start();
  return made;
}

const uriOf = (peer: SIPClient, user: string): string => `sip:${user}@127.0.0.1:${peer.transport.local.port}`;

function request(method = "INVITE", extra = ""): Uint8Array {
  return new TextEncoder().encode(
    `${method} sip:b@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@example.com>;tag=1\r\n` +
      `To: <sip:b@example.com>\r\nCall-ID: 1@192.0.2.1\r\nCSeq: 1 ${method}\r\nMax-Forwards: 70\r\n${extra}Content-Length: 0\r\n\r\n`,
  );
}

it("SIPClient works by itself, without a phone, and answers what comes in", async () => {
  const [alice, bob] = [await client("alice"), await client("bob")];
  expect((await alice.request("OPTIONS", uriOf(bob, "bob"))).headers.get("Allow")).toContain("OPTIONS");
  expect((await alice.request("INVITE", uriOf(bob, "bob"))).statusCode).toBe(405);
});

it("SIPClient.invite places a call; SIPClient.bye and SIPClient.cancel end it", async () => {
  const [alice, bob] = [await client("alice"), await client("bob")];
  const arrived: ServerInviteSession[] = [];
  bob.onInvite = (session) => {
    arrived.push(session);
    session.ringing();
    if (arrived.length === 1) void session.accept(ANSWER).catch(() => {});
  };
  const call = alice.invite(uriOf(bob, "bob"), { body: OFFER });
  await within(5_000, "the answer", new Promise<void>((resolve) => (call.onAccepted = () => resolve())));
  await alice.bye(call);
  expect(call.endReason).toMatchObject({ cause: "bye" });
  const second = alice.invite(uriOf(bob, "bob"), { body: OFFER });
  await within(5_000, "ringing", new Promise<void>((resolve) => (second.onProgress = () => resolve())));
  alice.cancel(second);
  await second.closed;
  expect(second.endReason).toMatchObject({ by: "local" });
  expect(arrived).toHaveLength(2);
});

it("SIPClient.start opens and registers, SIPClient.register renews, SIPClient.deregister takes it back, SIPClient.stop closes", async () => {
  const registrar = await startRegistrar();
  const credentials = new CredentialsManager();
  credentials.add("alice", "wonder land");
  const alice = await client("alice", { server: "127.0.0.1", port: registrar.port, credentials });
  const states: string[] = [];
  alice.onRegistrationState = (state) => states.push(state);
  await alice.start();
  await alice.register();
  await alice.deregister();
  await alice.stop();
  expect(states.filter((state) => state === "registered")).toHaveLength(2);
  expect(states.at(-1)).toBe("inactive");
  await registrar.stop();
});

it("SIPClient.message sends text, and gives the final response", async () => {
  const [alice, bob] = [await client("alice"), await client("bob")];
  const texts: string[] = [];
  bob.onMessage = (message) => void texts.push(message.bodyText);
  expect((await alice.message(uriOf(bob, "bob"), "hello")).statusCode).toBe(200);
  expect(texts).toEqual(["hello"]);
});

it("SIPClient.send sends a message as it is, and tells where it went", async () => {
  const [alice, bob] = [await client("alice"), await client("bob")];
  const ping = SIPRequest.create({
    method: "OPTIONS",
    uri: uriOf(bob, "bob"),
    headers: [["From", "<sip:a@example.com>;tag=1"], ["To", `<${uriOf(bob, "bob")}>`], ["Call-ID", "ping"], ["CSeq", "1 OPTIONS"], ["Max-Forwards", "70"]],
  });
  const heard = new EventEmitter();
  const answered = once(heard, "response");
  const endpoint = await alice.send(ping, (response) => heard.emit("response", response));
  expect(endpoint).toMatchObject({ address: "127.0.0.1", port: bob.transport.local.port });
  expect(await within(5_000, "the answer", answered)).toMatchObject([{ statusCode: 200 }]);
});

it("SIPClient.subscribe asks for an event package, and hears when it is refused", async () => {
  const [alice, bob] = [await client("alice"), await client("bob")];
  expect(await within(5_000, "the end", alice.subscribe(uriOf(bob, "bob"), "message-summary").ended)).toMatchObject({ cause: "refused" });
});

it("SIPClient.genInvite, genRinging, genBusy and their like word the messages of a subclass", async () => {
  class Branded extends SIPClient {
    protected override genInvite(invite: SIPRequest): void {
      invite.headers.set("Subject", "Project X");
    }
    protected override genBusy(busy: SIPResponse): void {
      busy.headers.set("Retry-After", "60");
    }
  }
  const [alice, bob] = [await client("alice", {}, Branded), await client("bob", {}, Branded)];
  const subjects: (string | undefined)[] = [];
  bob.onInvite = (session) => {
    subjects.push(session.invite.headers.get("Subject"));
    session.reject(486);
  };
  const call = alice.invite(uriOf(bob, "bob"), { body: OFFER });
  await within(5_000, "the end", call.closed);
  expect(subjects).toEqual(["Project X"]);
  expect(call.endReason?.response?.headers.get("Retry-After")).toBe("60");
});

it("SIPMessage has heading, type, status, method, headers, body and raw", () => {
  const raw = request();
  const message = parseMessage(raw);
  expect(message).toBeInstanceOf(SIPMessage);
  expect(message).toMatchObject({ heading: "INVITE sip:b@example.com SIP/2.0", type: SIPMessageType.REQUEST, status: 0, method: "INVITE", bodyText: "" });
  expect(message.headers.get("call-id")).toBe("1@192.0.2.1");
  expect([message.from.uri.toString(), message.cseq.sequence, message.raw]).toEqual(["sip:a@example.com", 1, raw]);
});

it("parseMessage gives a SIPRequest or a SIPResponse", () => {
  expect(parseMessage(request())).toBeInstanceOf(SIPRequest);
  expect(parseMessage(SIPResponse.to(SIPRequest.create({ method: "OPTIONS", uri: "sip:b@example.com", headers: [...headers()] }), 200).toBytes())).toBeInstanceOf(SIPResponse);
});

function headers(): [string, string][] {
  return [["Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1"], ["From", "<sip:a@example.com>;tag=1"], ["To", "<sip:b@example.com>"], ["Call-ID", "1"], ["CSeq", "1 OPTIONS"], ["Max-Forwards", "70"]];
}

it("SIPMessage.summary tells what a message is, without its secrets", () => {
  const summary = parseMessage(request("REGISTER", 'Authorization: Digest username="a", realm="r", nonce="n", uri="sip:b", response="deadbeef"\r\n')).summary();
  expect(summary).toContain("REGISTER sip:b@example.com SIP/2.0");
  expect(summary).not.toContain("deadbeef");
});

it("SIPMessageType tells requests from responses", () => {
  expect(Object.keys(SIPMessageType)).toEqual(["REQUEST", "RESPONSE"]);
});

it("SIPMethod has the documented methods", () => {
  const documented = ["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "NOTIFY", "REGISTER", "MESSAGE", "SUBSCRIBE", "REFER"];
  expect(Object.values(SIPMethod)).toEqual(expect.arrayContaining(documented));
});

it("SIPStatus has value, phrase and description of each code", () => {
  expect(SIPStatus.BUSY_HERE).toMatchObject({ value: 486, phrase: "Busy Here" });
  expect(SIPStatus.BUSY_HERE.description.length).toBeGreaterThan(10);
});

it("SIPParseError is thrown for what is no SIP message", () => {
  expect(() => parseMessage(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"))).toThrow(SIPParseError);
});

it("InvalidAccountInfoError is thrown by start() when the server refuses the password", async () => {
  const registrar = await startRegistrar();
  const credentialsManager = new CredentialsManager();
  credentialsManager.add("alice", "wrong");
  const phone = newPhone("alice", registrar, { credentialsManager });
  const failed = once(phone, "registrationFailed");
  await expect(phone.start()).rejects.toThrow(InvalidAccountInfoError);
  await failed;
  expect(phone.getStatus()).toBe("FAILED");
  await registrar.stop();
});
