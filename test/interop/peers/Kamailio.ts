import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { PeerProcess } from "./PeerProcess.ts";

export interface KamailioOptions {
  readonly directory: string;
  readonly port: number;
  /** Speaks TLS at this port, too, with a certificate of its own for 127.0.0.1. */
  readonly tlsPort?: number;
  /** `-A` definitions of kamailio.cfg, for instance `WITH_401`. */
  readonly defines?: readonly string[];
  /** Name → password. */
  readonly users: Readonly<Record<string, string>>;
}

/** Kamailio as registrar and record-routing proxy: UDP and TCP on 127.0.0.1, realm 127.0.0.1, registrations in memory. */
export class Kamailio {
  readonly port: number;
  readonly tlsPort: number | undefined;
  /** The file that its certificate is in; it is its own authority. */
  readonly certificate: string;
  readonly process: PeerProcess;

  private constructor({ port, tlsPort, directory }: KamailioOptions, peer: PeerProcess) {
    this.port = port;
    this.tlsPort = tlsPort;
    this.certificate = join(directory, "server.crt");
    this.process = peer;
  }

  /** Settles when it takes requests. */
  static async start(options: KamailioOptions): Promise<Kamailio> {
    const { directory, port, tlsPort, users } = options;
    await mkdir(join(directory, "dbtext"), { recursive: true });
    const texts = { PORT: port, TLSPORT: tlsPort ?? 0, DIRECTORY: directory, MODULES: await modules() };
    for (const file of ["kamailio.cfg", "tls.cfg"]) {
      const template = await readFile(new URL(`kamailio/${file}`, import.meta.url), "utf8");
      const filled = Object.entries(texts).reduce((text, [name, value]) => text.replaceAll(`@${name}@`, String(value)), template);
      await writeFile(join(directory, file), filled);
    }
    const defines = [...(options.defines ?? []), ...(tlsPort === undefined ? [] : ["WITH_TLS"])];
    if (tlsPort !== undefined) await newCertificate(directory);
    // db_text takes an empty column for NULL and then refuses the whole table: these three columns and no more.
    const rows = Object.entries(users).map(([name, password]) => `${name}:127.0.0.1:${password}\n`);
    await writeFile(join(directory, "dbtext/subscriber"), `username(string) domain(string) password(string)\n${rows.join("")}`);
    await writeFile(join(directory, "dbtext/version"), "table_name(string) table_version(int)\nsubscriber:7\nversion:1\nlocation:9\n");
    const peer = new PeerProcess(
      "kamailio",
      "kamailio",
      [
        "-DD",
        "-E",
        "-M",
        "8",
        "-m",
        "64",
        "-Y",
        directory,
        "-f",
        join(directory, "kamailio.cfg"),
        ...defines.flatMap((name) => ["-A", name]),
      ],
      { cwd: directory },
    );
    await peer.started(peer.line(/ready on port/));
    return new Kamailio(options, peer);
  }

  /** Settles when it has logged a line about a request or a reply, see kamailio.cfg. */
  async logs(pattern: RegExp): Promise<void> {
    await this.process.line(pattern);
  }

  /**
   * The lines like that among all that it logged of what it took before. Its answer may be here before its log is read from the pipe:
   * so it is asked something, and what stands before the line about that is whole. It logs `registered` after its answer: wait for that.
   */
  async logged(pattern: RegExp): Promise<string[]> {
    const mark = `mark-${randomUUID()}`;
    await this.#ask(mark);
    await this.process.line(new RegExp(`request OPTIONS .*call-id=${mark}`));
    return this.process.lines.filter((line) => pattern.test(line));
  }

  stop(): Promise<void> {
    return this.process.stop();
  }

  /** An OPTIONS for itself, with that Call-ID. Nobody waits for the answer. */
  async #ask(callId: string): Promise<void> {
    const socket = createSocket("udp4");
    try {
      socket.bind(0, "127.0.0.1");
      await once(socket, "listening");
      const heading = [
        `OPTIONS sip:127.0.0.1:${this.port} SIP/2.0`,
        `Via: SIP/2.0/UDP 127.0.0.1:${socket.address().port};branch=z9hG4bK-${callId}`,
        `From: <sip:test@127.0.0.1>;tag=${callId}`,
        `To: <sip:127.0.0.1:${this.port}>`,
        `Call-ID: ${callId}`,
        "CSeq: 1 OPTIONS",
        "Max-Forwards: 70",
        "Content-Length: 0",
      ];
      await new Promise<void>((resolve, reject) => {
        socket.send(`${heading.join("\r\n")}\r\n\r\n`, this.port, "127.0.0.1", (error) => (error ? reject(error) : resolve()));
      });
    } finally {
      socket.close();
    }
  }
}

/** A key and a certificate for it that nobody else has signed, new for each run. */
async function newCertificate(directory: string): Promise<void> {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", join(directory, "server.key")];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
  await promisify(execFile)("openssl", ["req", "-x509", ...key, "-days", "2", "-out", join(directory, "server.crt"), ...subject]);
  const files = ["server.key", "server.crt"].map((file) => readFile(join(directory, file)));
  await writeFile(join(directory, "server.pem"), Buffer.concat(await Promise.all(files)));
}

/** Debian keeps the modules under the machine's name, others directly in lib or lib64. */
async function modules(): Promise<string> {
  const machines = (await readdir("/usr/lib", { withFileTypes: true })).filter(
    (entry) => entry.isDirectory() && entry.name.includes("-linux-"),
  );
  for (const directory of [...machines.map((entry) => `/usr/lib/${entry.name}`), "/usr/lib64", "/usr/lib", "/usr/local/lib"]) {
    const path = join(directory, "kamailio/modules/");
    const found = await readdir(path).catch((): string[] => []);
    if (found.includes("tm.so")) return path;
  }
  throw new Error("Kamailio's modules are nowhere: looked for kamailio/modules/tm.so below /usr/lib, /usr/lib64 and /usr/local/lib");
}
