import { once } from "node:events";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";

import { patience, within } from "./deadline.ts";
import { PeerProcess } from "./PeerProcess.ts";
import { readWav, type Sound, wavBytes } from "./wav.ts";

export interface BaresipOptions {
  readonly directory: string;
  readonly name: string;
  /** Registers at this port of 127.0.0.1 with this password; neither when left out. */
  readonly registrar?: {
    readonly port: number;
    readonly password: string;
    readonly protocol?: "UDP" | "TCP" | "TLS";
    readonly certificate?: string;
  };
  /** Answers by itself. */
  readonly autoAnswer?: boolean;
  /** What it says in every call, at 8 kHz: once, then silence. */
  readonly says: Sound;
  readonly sipPort: number;
  readonly controlPort: number;
  readonly rtpPorts: { readonly low: number; readonly high: number };
}

/** An event of baresip's ctrl_tcp module, for instance `CALL_ESTABLISHED`. */
export interface BaresipEvent {
  readonly type: string;
  readonly direction?: string;
  readonly peeruri?: string;
  readonly param?: string;
}

/** What it answers to a command. */
interface Reply {
  readonly ok: boolean;
  readonly data: string;
  readonly token: string;
}

interface Waiter {
  readonly fits: (event: BaresipEvent) => boolean;
  readonly resolve: (event: BaresipEvent) => void;
}

/** Debian's baresip without a sound card: plays a file, records what it hears, and is steered through ctrl_tcp. */
export class Baresip {
  readonly name: string;
  readonly sipPort: number;
  readonly process: PeerProcess;
  /** All events so far, oldest first. */
  readonly events: BaresipEvent[] = [];
  readonly #directory: string;
  readonly #control: Socket;
  readonly #waiters = new Set<Waiter>();
  readonly #commands = new Map<string, (reply: Reply) => void>();
  #tokens = 0;

  private constructor(options: BaresipOptions, peer: PeerProcess, control: Socket) {
    this.name = options.name;
    this.sipPort = options.sipPort;
    this.process = peer;
    this.#directory = options.directory;
    this.#control = control;
    // It closes the connection as it ends; that is no news.
    control.on("error", () => undefined);
    readNetstrings(control, (text) => {
      const message: unknown = JSON.parse(text);
      if (isReply(message)) this.#commands.get(message.token)?.(message);
      else if (isEvent(message)) this.#take(message);
    });
  }

  /** Settles when it is registered, or when it listens if it has no registrar. */
  static async start(options: BaresipOptions): Promise<Baresip> {
    const { directory, name } = options;
    await mkdir(join(directory, "recordings"), { recursive: true });
    await writeFile(join(directory, "says.wav"), wavBytes(options.says));
    await writeFile(join(directory, "config"), config(options));
    await writeFile(join(directory, "accounts"), account(options));
    // Its command "message" goes to the current contact, which is the first.
    await writeFile(join(directory, "contacts"), '"the phone" <sip:phone@127.0.0.1>\n');
    const peer = new PeerProcess(name, "baresip", ["-f", directory, "-s"], { cwd: directory });
    await peer.started(peer.line(/baresip is ready/));
    const control = connect(options.controlPort, "127.0.0.1");
    await peer.started(within(once(control, "connect"), `${name}'s control port`));
    if (options.registrar) await peer.started(peer.line(/\{\d+\/(UDP|TCP|TLS)\/v4\} 200 /));
    return new Baresip(options, peer, control);
  }

  dial(uri: string): Promise<string> {
    return this.command("dial", uri);
  }

  accept(): Promise<string> {
    return this.command("accept");
  }

  hangup(): Promise<string> {
    return this.command("hangup");
  }

  /** Sends one DTMF digit as telephone-event (RFC 4733). */
  sendDigit(digit: string): Promise<string> {
    return this.command("sndcode", digit);
  }

  /** Any command of its menu. @throws Error when it says no */
  async command(command: string, params = ""): Promise<string> {
    this.#tokens += 1;
    const token = String(this.#tokens);
    const answer = new Promise<Reply>((resolve) => {
      this.#commands.set(token, resolve);
    });
    const request = Buffer.from(JSON.stringify({ command, params, token }));
    this.#control.write(`${request.length}:${request.toString()},`);
    const reply = await within(answer, `${this.name}'s answer to "${command}"`, patience, () => this.process.tail());
    this.#commands.delete(token);
    if (!reply.ok) throw new Error(`${this.name} says no to "${command} ${params}": ${reply.data}`);
    return reply.data;
  }

  /** The first event, past or future, for which `accept` holds; of that type when `accept` is a name. */
  event(accept: string | ((event: BaresipEvent) => boolean), milliseconds: number = patience): Promise<BaresipEvent> {
    const fits = typeof accept === "string" ? (event: BaresipEvent): boolean => event.type === accept : accept;
    const past = this.events.find(fits);
    if (past) return Promise.resolve(past);
    const future = new Promise<BaresipEvent>((resolve) => {
      this.#waiters.add({ fits, resolve });
    });
    return within(
      future,
      `${this.name}'s event ${accept.toString()}`,
      milliseconds,
      () => `${JSON.stringify(this.events)}\n${this.process.tail()}`,
    );
  }

  /** What it heard in its calls, oldest first. Whole only after {@link stop}: libsndfile writes the sizes at the end. */
  async heard(): Promise<Sound[]> {
    const directory = join(this.#directory, "recordings");
    const files = (await readdir(directory)).filter((file) => file.endsWith("-dec.wav")).toSorted();
    return files.map((file) => readWav(join(directory, file)));
  }

  /** Hangs up, deregisters, ends. */
  async stop(): Promise<void> {
    await this.process.stop();
    this.#control.destroy();
  }

  #take(event: BaresipEvent): void {
    this.events.push(event);
    for (const waiter of this.#waiters) {
      if (!waiter.fits(event)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(event);
    }
  }
}

function isReply(message: unknown): message is Reply {
  return typeof message === "object" && message !== null && "token" in message && "ok" in message;
}

function isEvent(message: unknown): message is BaresipEvent {
  return typeof message === "object" && message !== null && "type" in message;
}

function account({ name, registrar, autoAnswer, sipPort }: BaresipOptions): string {
  const transport = (registrar?.protocol ?? "UDP").toLowerCase();
  const server = registrar
    ? `;auth_user=${name};auth_pass=${registrar.password};outbound="sip:127.0.0.1:${registrar.port};transport=${transport}";regint=60`
    : ";regint=0";
  const host = registrar ? "127.0.0.1" : `127.0.0.1:${sipPort}`;
  const audio = "audio_codecs=PCMU/8000/1,PCMA/8000/1;ptime=20";
  return `<sip:${name}@${host}>${server};answermode=${autoAnswer ? "auto" : "manual"};${audio};mwi=no;100rel=no\n`;
}

/**
 * baresip 1.0.0's oddities: over TLS, calls come to a port of its own, the next one, and without a certificate there it refuses them;
 * without a card, aubridge is a sink that needs nothing, and aufile plays only at the codec's rate; net_interface takes an address, not a
 * name; its default of 4 calls answers the fifth with 486.
 */
function config({ directory, name, registrar, sipPort, controlPort, rtpPorts }: BaresipOptions): string {
  const certificate = registrar?.certificate;
  const tls = certificate === undefined ? "" : `sip_cafile ${certificate}\nsip_certificate ${certificate.replace(/crt$/, "pem")}\n`;
  return `poll_method epoll
sip_listen 127.0.0.1:${sipPort}
${tls}call_local_timeout 120
call_max_calls 100
audio_player aubridge,sink-${name}
audio_source aufile,${directory}/says.wav
audio_alert aubridge,alert-${name}
ausrc_format s16
auplay_format s16
auenc_format s16
audec_format s16
audio_buffer 20-160
rtp_ports ${rtpPorts.low}-${rtpPorts.high}
rtcp_mux no
jitter_buffer_delay 5-10
rtp_stats yes
rtp_timeout 0
net_interface 127.0.0.1
module_path /usr/lib/baresip/modules
module g711.so
module sndfile.so
module aufile.so
module aubridge.so
module_tmp uuid.so
module_tmp account.so
module_app ctrl_tcp.so
module_app contact.so
module_app menu.so
module_app debug_cmd.so
ctrl_tcp_listen 127.0.0.1:${controlPort}
snd_path ${directory}/recordings
menu_bell no
ringback_disabled yes
`;
}

/** ctrl_tcp frames its JSON as netstrings: `5:hello,`. */
function readNetstrings(socket: Socket, take: (text: string) => void): void {
  let pending = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (let colon = pending.indexOf(":"); colon > 0; colon = pending.indexOf(":")) {
      const length = Number(pending.toString("latin1", 0, colon));
      const end = colon + 1 + length;
      if (pending.length <= end) return;
      take(pending.toString("utf8", colon + 1, end));
      pending = pending.subarray(end + 1);
    }
  });
}
