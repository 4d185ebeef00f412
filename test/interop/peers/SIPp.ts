import { type FSWatcher, watch } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { within } from "./deadline.ts";
import { encodeMulaw } from "./mulaw.ts";
import { PeerProcess } from "./PeerProcess.ts";
import { readScenario } from "./scenario.ts";
import { tone } from "./tone.ts";

export interface SIPpOptions {
  readonly directory: string;
  /** A file of `sipp/` without its ending. */
  readonly scenario: string;
  readonly port: number;
  readonly controlPort: number;
  readonly mediaPort: number;
  /** `host:port` that it calls; a UAS needs none. */
  readonly target?: string;
  /** The user part that it calls. */
  readonly user?: string;
  /** Calls in all, and at once: default 1. */
  readonly calls?: number;
  /** Milliseconds of talk, where the scenario leaves that to us. */
  readonly talk?: number;
  /** The tone that it streams, hertz. Default 1,000. */
  readonly says?: number;
  /** Off: neither sends again by itself nor takes a message like the last one for a retransmission. Default on. */
  readonly retransmissions?: boolean;
  /** Sends back the RTP that comes in on its media port. */
  readonly echo?: boolean;
  /** `[name]` in the scenario → value. */
  readonly keys?: Readonly<Record<string, string | number>>;
  /** `@NAME@` in the scenario → value, where SIPp takes no keyword. */
  readonly texts?: Readonly<Record<string, string | number>>;
  /** Digest user and password. */
  readonly credentials?: { readonly user: string; readonly password: string };
  /** It gives up and fails after so many seconds. Default 30. */
  readonly timeout?: number;
  /** What it speaks SIP over. Default UDP. */
  readonly protocol?: "UDP" | "TCP";
  /** Default `127.0.0.1`. */
  readonly host?: string;
}

/** One message that SIPp sent or received. */
export interface TracedMessage {
  readonly direction: "sent" | "received";
  readonly text: string;
}

/** One run of a SIPp scenario. SIPp checks every message against it: exit code 0 means that each call went to the letter. */
export class SIPp {
  readonly port: number;
  readonly process: PeerProcess;
  readonly #directory: string;

  private constructor(options: SIPpOptions, peer: PeerProcess) {
    this.port = options.port;
    this.process = peer;
    this.#directory = options.directory;
  }

  /** Settles when its sockets are bound. */
  static async start(options: SIPpOptions): Promise<SIPp> {
    const { directory, calls = 1 } = options;
    await mkdir(directory, { recursive: true });
    // rtp_stream takes a headerless payload. Neither it nor a regular expression takes keywords, so the path and the port go
    // into a copy of the scenario.
    const audio = join(directory, "says.ul");
    await writeFile(audio, encodeMulaw(tone(options.says ?? 1000, 60).samples));
    const scenario = await readScenario(options.scenario);
    const texts = Object.entries({ AUDIO: audio, PORT: options.port, ...options.texts });
    const filled = texts.reduce((text, [name, value]) => text.replaceAll(`@${name}@`, String(value)), scenario);
    await writeFile(join(directory, `${options.scenario}.xml`), filled);

    // SIPp tells nobody when it is ready, but its statistics file is created right after the last bind().
    const statistics = "statistics.csv";
    const bound = new Promise<void>((resolve) => {
      const watcher = watch(directory, (_, file) => {
        if (file !== statistics) return;
        watcher.close();
        resolve();
      });
    });
    const peer = new PeerProcess("sipp", "sipp", [...commandLine(options, calls), "-trace_stat", "-stf", join(directory, statistics)], {
      cwd: directory,
    });
    const sipp = new SIPp(options, peer);
    const end = peer.exited.then(async () => {
      throw new Error(`sipp ended before it was ready\n${await sipp.report()}`);
    });
    await peer.started(within(Promise.race([bound, end]), "sipp to bind its sockets"));
    end.catch(() => undefined);
    return sipp;
  }

  /** Waits for the end of all calls. @throws Error with the trace when one of them did not go as the scenario says */
  async succeeded(milliseconds = 40_000): Promise<void> {
    const code = await within(this.process.exited, "sipp to end its calls", milliseconds, () => this.process.tail());
    if (code !== 0) throw new Error(`sipp ended with ${code}: the calls did not go as its scenario says\n${await this.report()}`);
  }

  /** Settles when it has received `count` messages that match: SIPp writes each into its trace as it comes. */
  async received(pattern: RegExp, count: number): Promise<void> {
    let watcher: FSWatcher | undefined;
    const enough = new Promise<void>((resolve, reject) => {
      const look = (): void => {
        this.messages().then((messages) => {
          const found = messages.filter(({ direction, text }) => direction === "received" && pattern.test(text));
          if (found.length >= count) resolve();
        }, reject);
      };
      watcher = watch(this.#directory, look);
      look();
    });
    try {
      await within(enough, `sipp to receive ${count} times ${pattern}`);
    } finally {
      watcher?.close();
    }
  }

  /** Every SIP message so far. */
  async messages(): Promise<TracedMessage[]> {
    const trace = await this.#file("messages.log");
    return trace.split(/^-{20,} .*$/m).flatMap((entry): TracedMessage[] => {
      const match = /^\w+ message (sent|received) [^\n]*\n\n(.*)$/s.exec(entry.trimStart());
      return match ? [{ direction: match[1] === "sent" ? "sent" : "received", text: match[2]! }] : [];
    });
  }

  /** What it says about a failure: its errors and the messages. */
  async report(): Promise<string> {
    const messages = (await this.messages()).map(({ direction, text }) => `--- ${direction}\n${text}`);
    return [await this.#file("errors.log"), ...messages, this.process.tail()].join("\n");
  }

  stop(): Promise<void> {
    return this.process.stop(1_000);
  }

  #file(name: string): Promise<string> {
    return readFile(join(this.#directory, name), "utf8").catch(() => "");
  }
}

function commandLine(options: SIPpOptions, calls: number): string[] {
  const { host = "127.0.0.1" } = options;
  const args = [
    "-sf",
    `${options.scenario}.xml`,
    "-nostdin",
    "-i",
    host,
    "-bind_local",
    "-p",
    options.port,
    "-ci",
    "127.0.0.1",
    "-cp",
    options.controlPort,
  ];
  args.push("-mi", host, "-t", options.protocol === "TCP" ? "t1" : "u1", "-mp", options.mediaPort, "-m", calls, "-l", calls, "-r", calls);
  args.push("-timeout", `${options.timeout ?? 30}s`, "-timeout_error");
  args.push("-trace_msg", "-message_file", "messages.log", "-trace_err", "-error_file", "errors.log");
  if (options.target !== undefined) args.unshift(options.target);
  if (options.user !== undefined) args.push("-s", options.user);
  if (options.talk !== undefined) args.push("-d", options.talk);
  if (options.retransmissions === false) args.push("-nr");
  if (options.echo) args.push("-rtp_echo");
  if (options.credentials) args.push("-au", options.credentials.user, "-ap", options.credentials.password);
  for (const [name, value] of Object.entries(options.keys ?? {})) args.push("-key", name, value);
  return args.map(String);
}
