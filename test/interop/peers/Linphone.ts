import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { PeerProcess } from "./PeerProcess.ts";
import { readWav, type Sound, wavBytes } from "./wav.ts";

export interface LinphoneOptions {
  readonly directory: string;
  readonly name: string;
  readonly registrar: {
    readonly port: number;
    readonly password: string;
    readonly protocol: "UDP" | "TCP" | "TLS";
    readonly certificate?: string;
  };
  /** What it says in every call. */
  readonly says: Sound;
  readonly sipPort: number;
  readonly rtpPorts: { readonly low: number; readonly high: number };
}

/** Linphone without a sound card: answers by itself, plays a file and records what it hears. Steered by lines on its standard input. */
export class Linphone {
  readonly sipPort: number;
  readonly process: PeerProcess;
  readonly #directory: string;

  private constructor(options: LinphoneOptions, peer: PeerProcess) {
    this.sipPort = options.sipPort;
    this.process = peer;
    this.#directory = options.directory;
  }

  /** Settles when it is registered. */
  static async start(options: LinphoneOptions): Promise<Linphone> {
    const { directory, name, says } = options;
    // Without this directory for its database linphone never opens its SIP socket.
    await mkdir(join(directory, ".local/share/linphone"), { recursive: true });
    await mkdir(join(directory, ".config/linphone"), { recursive: true });
    await writeFile(join(directory, "says.wav"), wavBytes(says));
    await writeFile(join(directory, "rc"), config(options));
    const peer = new PeerProcess(name, "linphonec", ["-c", join(directory, "rc"), "-a", "-d", "1"], {
      cwd: directory,
      env: { HOME: directory },
      input: true,
    });
    for (const command of ["soundcard use files", `record ${join(directory, "heard.wav")}`, `play ${join(directory, "says.wav")}`])
      peer.say(command);
    await peer.started(peer.line(/to \[LinphoneRegistrationOk\]/));
    return new Linphone(options, peer);
  }

  dial(uri: string): void {
    this.process.say(`call ${uri}`);
  }

  hangup(): void {
    this.process.say("terminate");
  }

  /**
   * Puts its call on hold, with music that is a file of its own; {@link resume} takes it off again. Either settles when its call is so
   * far: it refuses to resume what it has not taken for paused yet.
   */
  async pause(): Promise<void> {
    const paused = this.process.nextLine(/from state LinphoneCallPausing to LinphoneCallPaused/);
    this.process.say("pause");
    await paused;
  }

  async resume(): Promise<void> {
    const running = this.process.nextLine(/from state LinphoneCallResuming to LinphoneCallStreamsRunning/);
    this.process.say("resume");
    await running;
  }

  /** Sends DTMF digits as telephone-events (RFC 4733). */
  press(digits: string): void {
    this.process.say(digits);
  }

  /** Hands its call over to somebody else. */
  transfer(uri: string): void {
    this.process.say(`transfer ${uri}`);
  }

  /** Sends a MESSAGE. */
  message(uri: string, text: string): void {
    this.process.say(`chat ${uri} ${text}`);
  }

  /** What it heard. Whole only after {@link stop}. */
  heard(): Sound {
    return readWav(join(this.#directory, "heard.wav"));
  }

  /** Ends its calls, deregisters, ends. */
  async stop(): Promise<void> {
    this.process.say("quit");
    await this.process.stop();
  }
}

function config({ name, registrar, sipPort, rtpPorts }: LinphoneOptions): string {
  const { protocol, port, password, certificate } = registrar;
  const ports = { UDP: 0, TCP: 0, TLS: 0, [protocol]: sipPort };
  return `[sip]
sip_port=${ports.UDP}
sip_tcp_port=${ports.TCP}
sip_tls_port=${ports.TLS}
default_proxy=0
register_only_when_network_is_up=0
auto_net_state_mon=0
guess_hostname=0
media_encryption=none
use_ipv6=0
keepalive_period=0
verify_server_certs=1
verify_server_cn=0
${certificate === undefined ? "" : `root_ca=${certificate}\n`}[rtp]
audio_rtp_port=${rtpPorts.low}-${rtpPorts.high}
audio_jitt_comp=60
[sound]
use_files=1
[video]
enabled=0
capture=0
display=0
[proxy_0]
reg_proxy=<sip:127.0.0.1:${port};transport=${protocol.toLowerCase()}>
reg_identity=sip:${name}@127.0.0.1
reg_expires=60
reg_sendregister=1
publish=0
[auth_info_0]
username=${name}
passwd=${password}
[app]
auto_answer=1
`;
}
