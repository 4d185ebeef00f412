import { once } from "node:events";

import { expect } from "vitest";

import { CredentialsManager, type IncomingMessage, TransportMode, VoIPCall, VoIPPhone, type VoIPPhoneParameter } from "../../ts/index.ts";
import type { SIPBody } from "../../ts/sip/dialog/InviteSession.ts";
import { SIPClient, type SIPClientOptions } from "../../ts/sip/SIPClient.ts";
import { UDPTransport } from "../../ts/sip/transport/udp.ts";
import { within } from "./peers/deadline.ts";
import type { Kamailio } from "./peers/Kamailio.ts";
import { Peers, users } from "./peers/Peers.ts";
import { freePort, freePorts } from "./peers/ports.ts";
import type { Heard } from "./peers/tone.ts";
import type { Sound } from "./peers/wav.ts";

/** Answers every call, and remembers that it was hung up. */
export class Answering extends VoIPCall {
  wasHungUp = false;

  override async ringing(): Promise<void> {
    await this.answer();
  }

  override bye(): void {
    this.wasHungUp = true;
  }
}

/** Lets every call ring. */
export class Ringing extends VoIPCall {
  override ringing(): void {}
}

/**
 * A started phone, `phone` by name, on free ports of 127.0.0.1; it ends with the peers. Peer to peer unless a server is
 * given. An error in one of its calls fails the test: vitest reports what is thrown here as unhandled.
 */
export async function startPhone(peers: Peers, parameter: Partial<VoIPPhoneParameter> = {}): Promise<VoIPPhone> {
  const phone = await newPhone(peers, parameter);
  await within(phone.start(), "the phone to start");
  return phone;
}

/** A test's peers, gone after it: for tests that run beside each other. */
export async function withPeers(test: (peers: Peers) => Promise<void>): Promise<void> {
  const peers = new Peers();
  try {
    await test(peers);
  } finally {
    await peers.stop();
  }
}

/** A started phone that is registered at `kamailio` over that transport. */
export function phoneAt(
  peers: Peers,
  kamailio: Kamailio,
  protocol: "UDP" | "TCP" | "TLS" = "UDP",
  parameter: Partial<VoIPPhoneParameter> = {},
): Promise<VoIPPhone> {
  return startPhone(peers, {
    server: "127.0.0.1",
    port: protocol === "TLS" ? kamailio.tlsPort! : kamailio.port,
    transportMode: TransportMode[protocol],
    ...(protocol === "TLS" ? { tlsCa: kamailio.certificate } : {}),
    ...parameter,
  });
}

/** A phone as {@link startPhone} makes it, not started yet. */
export async function newPhone(peers: Peers, parameter: Partial<VoIPPhoneParameter> = {}): Promise<VoIPPhone> {
  const credentials = new CredentialsManager();
  credentials.add("phone", users.phone);
  const { low, high } = await freePorts(40);
  const phone = peers.keep(
    new VoIPPhone({
      user: "phone",
      credentialsManager: credentials,
      bindIp: "127.0.0.1",
      bindPort: await freePort(),
      rtpPortLow: low,
      rtpPortHigh: high,
      audioFormat: "s16le",
      callClass: Answering,
      ...parameter,
    }),
  );
  phone.on("callError", (call, error) => {
    throw new Error(`the call with ${call.remote} failed`, { cause: error });
  });
  return phone;
}

/** A phone's signalling by itself, peer to peer, for what only a `SIPClient` lets an application do. It ends with the peers. */
export async function startClient(peers: Peers, options: Partial<SIPClientOptions> = {}): Promise<SIPClient> {
  const credentials = new CredentialsManager();
  credentials.add("phone", users.phone);
  const transport = new UDPTransport({ address: "127.0.0.1", port: await freePort() });
  const client = peers.keep(
    new SIPClient({
      user: "phone",
      credentials,
      transport,
      onError: (error) => {
        throw new Error("the client failed", { cause: error });
      },
      ...options,
    }),
  );
  await within(client.start(), "the client to start");
  return client;
}

/** What a client says of its media: signalling is all that counts where one is used. */
export const description: SIPBody = {
  contentType: "application/sdp",
  content: [
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=-",
    "c=IN IP4 127.0.0.1",
    "t=0 0",
    "m=audio 19998 RTP/AVP 0",
    "a=rtpmap:0 PCMU/8000",
    "",
  ].join("\r\n"),
};

/** `127.0.0.1:port` of a started phone. */
export function addressOf(phone: VoIPPhone): string {
  const { address, port } = phone.localEndpoint!;
  return `${address}:${port}`;
}

/** The next call that comes in. */
export async function incoming(phone: VoIPPhone): Promise<VoIPCall> {
  const [call] = await within(once(phone, "incoming"), "a call to come in");
  if (!(call instanceof VoIPCall)) throw new Error("the phone's event incoming brings no call");
  return call;
}

/** The next message that comes in outside any call. Ask before it is sent. */
export function message(phone: VoIPPhone): Promise<IncomingMessage> {
  return within(new Promise<IncomingMessage>((resolve) => phone.once("message", resolve)), "a message to come in");
}

/** Settles when the call is up; at once when it is already. @throws Error when it ends instead */
export async function answered(call: VoIPCall): Promise<void> {
  if (call.state === "ANSWERED") return;
  const refused = call.ended.then((reason) => {
    throw new Error(`the call was not answered: ${reason.cause} ${reason.status ?? ""} ${reason.reason ?? ""}`);
  });
  try {
    await within(Promise.race([once(call, "answered"), refused]), `${call.remote} to answer`);
  } finally {
    refused.catch(() => undefined);
  }
}

/** Listens to the far end for so many seconds of audio; fewer when the call ends. For a phone with `audioFormat: "s16le"`. */
export async function hear(call: VoIPCall, seconds: number): Promise<Sound> {
  const bytes = await within(call.readAudio(seconds * 16_000), `${seconds} s of audio`, seconds * 1000 + 15_000);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { samples: Int16Array.from({ length: Math.floor(bytes.length / 2) }, (_, n) => view.getInt16(2 * n, true)), sampleRate: 8000 };
}

/**
 * The verdict on a tone: at least `seconds` of it, and clean in nine windows of ten. On a machine too busy to run us every 20 ms the phone
 * skips frames and conceals packets, and says so: each of those may spoil the two windows that it touches, and no more.
 */
export function expectTone(heard: Heard, seconds: number, call: VoIPCall): void {
  const statistics = call.stats();
  const report = JSON.stringify({ ...heard, ...statistics });
  const stalls = statistics.framesSkipped + statistics.samplesConcealed / 160;
  expect(heard.seconds, report).toBeGreaterThanOrEqual(seconds);
  expect(heard.share, report).toBeGreaterThanOrEqual(Math.max(0.9 - (2 * stalls) / (heard.seconds * 10), 0.3));
}

/** So many digits, as `getDtmf` gives them, once they are there. */
export async function digits(call: VoIPCall, count: number): Promise<string> {
  let taken = call.getDtmf(count);
  while (taken.length < count) {
    await within(once(call, "dtmf"), `digit ${taken.length + 1} of ${count} after "${taken}"`);
    taken += call.getDtmf(count - taken.length);
  }
  return taken;
}
