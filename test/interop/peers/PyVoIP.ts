import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { pyvoipDirectory } from "../preflight.mjs";
import { patience, within } from "./deadline.ts";
import { PeerProcess } from "./PeerProcess.ts";
import type { Sound } from "./wav.ts";

/** The last release, and the last of the pre-releases of 2.0: peers/pyvoip/install.sh puts them there. */
export type PyVoIPVersion = "1.6.8" | "2.0.0a4";

export interface PyVoIPOptions {
  readonly directory: string;
  readonly version: PyVoIPVersion;
  readonly user: string;
  readonly password: string;
  /** Where it registers, and what it sends its calls to. */
  readonly server: { readonly address: string; readonly port: number; readonly protocol: "UDP" | "TCP" | "TLS" };
  /** Does not register: to a phone that is no registrar. Only 2.0 lets a program say so. */
  readonly unregistered?: boolean;
  /** Denies every call instead of answering it. */
  readonly busy?: boolean;
  /** Its own. Not the server's: 2.0 tells the two ends of a call apart by address. */
  readonly address: string;
  readonly sipPort: number;
  readonly rtpPorts: { readonly low: number; readonly high: number };
  /** What it says in every call, at 8 kHz: once, then silence. It makes 8 bits of it. */
  readonly says: Sound;
}

/** pyVoIP, run as a program: `pyvoip/phone.py` is steered by lines of JSON and answers in such lines. */
export class PyVoIP {
  readonly sipPort: number;
  readonly process: PeerProcess;
  readonly #directory: string;

  private constructor(options: PyVoIPOptions, peer: PeerProcess) {
    this.sipPort = options.sipPort;
    this.process = peer;
    this.#directory = options.directory;
  }

  /** Settles when it is registered. */
  static async start(options: PyVoIPOptions): Promise<PyVoIP> {
    const { directory, version, server, rtpPorts } = options;
    await mkdir(directory, { recursive: true });
    const says = join(directory, "says.raw");
    await writeFile(
      says,
      Uint8Array.from(options.says.samples, (sample) => (sample >> 8) + 0x80),
    );
    const args = ["--server", server.address, "--server-port", server.port, "--transport", server.protocol, "--says", says];
    args.push("--user", options.user, "--password", options.password, "--bind-ip", options.address, "--bind-port", options.sipPort);
    args.push("--rtp-ports", rtpPorts.low, rtpPorts.high);
    if (options.unregistered) args.push("--no-registrar");
    if (options.busy) args.push("--busy");
    if (process.env["SIDETONE_INTEROP_KEEP"] === "1") args.push("--debug");
    const driver = new URL("pyvoip/phone.py", import.meta.url).pathname;
    const python = join(pyvoipDirectory, version, "bin/python");
    const peer = new PeerProcess(`pyVoIP ${version}`, python, ["-W", "ignore", driver, ...args.map(String)], {
      cwd: directory,
      input: true,
    });
    const pyvoip = new PyVoIP(options, peer);
    await peer.started(pyvoip.tells(`"status": "${options.unregistered ? "REGISTERING" : "REGISTERED"}"`));
    return pyvoip;
  }

  /** It has said so, or says so in time. `what` is a piece of the line: `"status": "FAILED"`. */
  async tells(what: string, milliseconds: number = patience): Promise<RegExpExecArray> {
    return this.process.line(new RegExp(`^\\{"event": .*${what}`), milliseconds);
  }

  /** Its `call`th call has come to this state. */
  async reaches(state: "DIALING" | "RINGING" | "ANSWERED" | "ENDED", call = 1): Promise<void> {
    await this.tells(`"call": ${call}, "state": "${state}"`);
  }

  dial(number: string): void {
    this.#command({ do: "call", number });
  }

  hangup(): void {
    this.#command({ do: "hangup" });
  }

  /** The digits that it has heard in its `call`th call, once there are `count`. */
  async digits(count: number, call = 1): Promise<string> {
    const [, digits] = await this.tells(`"call": ${call}, "digits": "(.{${count},})"`);
    return digits!;
  }

  /** What its `message` returned: `"result": true`, or the error that it threw. */
  message(number: string, body: string): Promise<string> {
    this.#command({ do: "message", number, body });
    return this.#outcome("message");
  }

  /** Hands its call over to somebody else. */
  transfer(uri: string): void {
    this.#command({ do: "transfer", uri });
  }

  /** What it heard in its calls, oldest first, as 16-bit audio. */
  async heard(): Promise<Sound[]> {
    const files = (await readdir(this.#directory)).filter((file) => file.startsWith("heard-")).toSorted();
    const recordings = await Promise.all(files.map((file) => readFile(join(this.#directory, file))));
    return recordings.map((bytes) => ({ samples: Int16Array.from(bytes, (byte) => (byte - 0x80) << 8), sampleRate: 8000 }));
  }

  /** Hangs up, deregisters, ends. */
  async stop(): Promise<void> {
    this.#command({ do: "quit" });
    await within(this.process.exited, "pyVoIP to end", 1_500).catch(() => undefined);
    await this.process.stop(500);
  }

  async #outcome(command: string): Promise<string> {
    const [, result] = await this.tells(`"do": "${command}", (.*)\\}$`);
    return result!;
  }

  #command(command: Readonly<Record<string, string>>): void {
    this.process.say(JSON.stringify(command));
  }
}
