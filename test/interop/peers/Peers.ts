import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Baresip, type BaresipOptions } from "./Baresip.ts";
import { Kamailio, type KamailioOptions } from "./Kamailio.ts";
import { Linphone } from "./Linphone.ts";
import { requireLoopbackOnly } from "./loopbackOnly.ts";
import { freePort, freePorts } from "./ports.ts";
import { PyVoIP, type PyVoIPOptions } from "./PyVoIP.ts";
import { SIPp, type SIPpOptions } from "./SIPp.ts";
import type { Sound } from "./wav.ts";

/** The accounts at Kamailio. */
export const users = { alice: "alicepw", bob: "bobpw", carol: "carolpw", dave: "davepw", phone: "phonepw" } as const;

/**
 * The foreign programs of one test file: each on free ports, in a directory of its own below a temporary one, and gone
 * after {@link stop}. `SIDETONE_INTEROP_KEEP=1` keeps the directory: configurations, traces, recordings.
 */
export class Peers {
  readonly #running: { stop(): Promise<void> }[] = [];
  readonly #kept: { stop(): Promise<void> }[] = [];
  #directory: Promise<string> | undefined;
  #count = 0;

  /** @throws Error where packets could leave the machine */
  constructor() {
    requireLoopbackOnly();
  }

  async kamailio(options: Partial<KamailioOptions> = {}): Promise<Kamailio> {
    return this.#keep(await Kamailio.start({ directory: await this.#subdirectory("kamailio"), port: await freePort(), users, ...options }));
  }

  /** A baresip that registers at `kamailio` when it is given, as one of {@link users}. */
  async baresip(
    name: keyof typeof users,
    says: Sound,
    options: Partial<BaresipOptions> & { kamailio?: Kamailio; protocol?: "UDP" | "TCP" | "TLS" } = {},
  ): Promise<Baresip> {
    const { kamailio, protocol = "UDP", ...rest } = options;
    return this.#keep(
      await Baresip.start({
        directory: await this.#subdirectory(name),
        name,
        says,
        ...(kamailio ? { registrar: { ...wayTo(kamailio, protocol), protocol, password: users[name] } } : {}),
        // The next one is for TLS.
        sipPort: (await freePorts(2)).low,
        controlPort: await freePort(),
        rtpPorts: await freePorts(20),
        ...rest,
      }),
    );
  }

  /** A linphone that registers at `kamailio` as one of {@link users}, and answers by itself. */
  async linphone(name: keyof typeof users, says: Sound, kamailio: Kamailio, protocol: "UDP" | "TCP" | "TLS" = "UDP"): Promise<Linphone> {
    const registrar = { ...wayTo(kamailio, protocol), protocol, password: users[name] };
    const ports = { sipPort: await freePort(), rtpPorts: await freePorts(20) };
    return this.#keep(await Linphone.start({ directory: await this.#subdirectory(name), name, says, registrar, ...ports }));
  }

  /** A pyVoIP that answers by itself, as one of {@link users}. `server` is a Kamailio, or a phone: then it does not register. */
  async pyvoip(
    user: keyof typeof users,
    says: Sound,
    server: Kamailio | { readonly port: number },
    options: Partial<PyVoIPOptions> = {},
  ): Promise<PyVoIP> {
    return this.#keep(
      await PyVoIP.start({
        directory: await this.#subdirectory(user),
        version: "2.0.0a4",
        user,
        password: users[user],
        says,
        server: { address: "127.0.0.1", port: server.port, protocol: "UDP" },
        unregistered: !(server instanceof Kamailio),
        address: "127.0.0.2",
        sipPort: await freePort(),
        rtpPorts: await freePorts(20),
        ...options,
      }),
    );
  }

  async sipp(scenario: string, options: Partial<SIPpOptions> = {}): Promise<SIPp> {
    // rtp_stream takes two ports a call (RTP and RTCP) from the media port up, the echo two of its own.
    const { low } = await freePorts(4 * (options.calls ?? 1) + 8);
    return this.#keep(
      await SIPp.start({
        directory: await this.#subdirectory(scenario),
        scenario,
        port: await freePort(),
        controlPort: await freePort(),
        mediaPort: low,
        ...options,
      }),
    );
  }

  /** Anything else that has to end with the test: a phone, a socket. It ends first: a phone waits for the answer to its BYE. */
  keep<T extends { stop(): Promise<void> }>(other: T): T {
    this.#kept.push(other);
    return other;
  }

  /** Ends all, the last started first, whatever fails on the way. */
  async stop(): Promise<void> {
    const failures: unknown[] = [];
    for (const one of [...this.#running.splice(0), ...this.#kept.splice(0)].toReversed()) {
      await one.stop().catch((error: unknown) => failures.push(error));
    }
    if (this.#directory && process.env["SIDETONE_INTEROP_KEEP"] !== "1") await rm(await this.#directory, { recursive: true, force: true });
    this.#directory = undefined;
    if (failures.length > 0) throw new AggregateError(failures, "not all peers could be stopped");
  }

  #keep<T extends { stop(): Promise<void> }>(one: T): T {
    this.#running.push(one);
    return one;
  }

  async #subdirectory(name: string): Promise<string> {
    this.#directory ??= mkdtemp(join(tmpdir(), "sidetone-interop-"));
    this.#count += 1;
    return join(await this.#directory, `${this.#count}-${name}`);
  }
}

function wayTo(kamailio: Kamailio, protocol: "UDP" | "TCP" | "TLS"): { port: number; certificate?: string } {
  if (protocol !== "TLS") return { port: kamailio.port };
  if (kamailio.tlsPort === undefined) throw new Error("this Kamailio speaks no TLS: start it with tlsPort");
  return { port: kamailio.tlsPort, certificate: kamailio.certificate };
}
