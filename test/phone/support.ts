import { once } from "node:events";
import { type CallEvents, CredentialsManager, type PhoneEvents, type VoIPCall, VoIPPhone, type VoIPPhoneParameter } from "../../ts/index.ts";
import { Registrar } from "../../ts/testkit/index.ts";
import { FreePorts } from "../FreePorts.ts";

/** The ports that phones of these tests use for RTP: above those of the interop tests, below the ephemeral ones. */
export const RTP: { readonly rtpPortLow: number; readonly rtpPortHigh: number } = { rtpPortLow: 26_000, rtpPortHigh: 27_999 };

/** Above {@link RTP}; several files on both engines take from there at once, so each begins elsewhere. */
const others = new FreePorts(28_000, 32_767, 28_000 + Math.floor(Math.random() * 4_700));

/** `count` ports in a row that are free and that no other test's phones take, the first one even: for what needs to know them. */
export function freePorts(count: number): Promise<{ low: number; high: number }> {
  return others.take(count);
}

/** A range with a single port for RTP, and the one above it free for RTCP. */
export async function oneRTPPort(): Promise<{ rtpPortLow: number; rtpPortHigh: number }> {
  const { low } = await freePorts(2);
  return { rtpPortLow: low, rtpPortHigh: low };
}

export const PASSWORDS: Record<string, string> = { alice: "wonder land", bob: "b0b's", "carol-0x55eb": "c" };

export async function startRegistrar(options: Partial<ConstructorParameters<typeof Registrar>[0]> = {}): Promise<Registrar> {
  const registrar = new Registrar({ address: "127.0.0.1", port: 0, users: PASSWORDS, ...options });
  await registrar.start();
  return registrar;
}

/** A phone on loopback, at any free SIP port; with a registrar it is that server's user. */
export function newPhone(user: string, registrar?: Registrar, options: Partial<VoIPPhoneParameter> = {}): VoIPPhone {
  const credentialsManager = new CredentialsManager();
  credentialsManager.add(user, PASSWORDS[user] ?? "");
  return new VoIPPhone({
    ...(registrar === undefined ? {} : { server: "127.0.0.1", port: registrar.port }),
    user,
    credentialsManager,
    bindIp: "127.0.0.1",
    bindPort: 0,
    ...RTP,
    ...options,
  });
}

/** The address under which a phone without a server can be called. */
export function uriOf(phone: VoIPPhone, user = "x"): string {
  return `sip:${user}@127.0.0.1:${phone.localEndpoint?.port}`;
}

/** Rejects unless `promise` settles in time: a hanging call should say what it waited for. */
export async function within<T>(milliseconds: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** The next emission of `name`, as an array of its arguments. */
export function next<Name extends keyof CallEvents>(emitter: VoIPCall, name: Name): Promise<CallEvents[Name]>;
export function next<Name extends keyof PhoneEvents>(emitter: VoIPPhone, name: Name): Promise<PhoneEvents[Name]>;
export function next(emitter: VoIPCall | VoIPPhone, name: string): Promise<unknown[]> {
  return within(5_000, `event ${name}`, once(emitter, name));
}

/** A sine of 8 kHz samples. */
export function sine(hertz: number, seconds: number, amplitude = 8_000): Int16Array {
  return Int16Array.from({ length: Math.round(seconds * 8_000) }, (_, i) => Math.round(amplitude * Math.sin((2 * Math.PI * hertz * i) / 8_000)));
}

/**
 * Which share of the energy lies at `hertz`, 0 to 1: the median over windows of 20 ms, so that a frame that a busy machine made late, and a listener
 * therefore made up, does not decide.
 */
export function shareAt(hertz: number, samples: Int16Array): number {
  const shares = Array.from({ length: Math.floor(samples.length / 160) }, (_, i) => measure(hertz, samples.subarray(160 * i, 160 * (i + 1))).share);
  return shares.toSorted((a, b) => a - b)[shares.length >> 1] ?? 0;
}

/** Which share of the samples' energy lies at `hertz`, 0 to 1, and their root mean square. */
export function measure(hertz: number, samples: Int16Array): { share: number; level: number } {
  let re = 0;
  let im = 0;
  let energy = 0;
  samples.forEach((value, i) => {
    const angle = (2 * Math.PI * hertz * i) / 8_000;
    re += value * Math.cos(angle);
    im += value * Math.sin(angle);
    energy += value * value;
  });
  return { share: energy === 0 ? 0 : (2 * (re * re + im * im)) / samples.length / energy, level: Math.sqrt(energy / samples.length) };
}
