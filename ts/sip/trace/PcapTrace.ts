import { createWriteStream, type WriteStream } from "node:fs";
import { isIPv6 } from "node:net";
import { finished } from "node:stream/promises";
import { redact } from "../message/redact.ts";
import type { TraceEntry } from "../transaction/TransactionLayer.ts";
import type { Endpoint } from "../transport/transport.ts";

/** Packets begin with an IP header of either version (tcpdump.org's link-layer types). */
const LINKTYPE_RAW = 101;
const UDP = 17;
/** The largest datagram that both IP versions' length fields hold, less their headers. */
const LARGEST = 65_000;

/**
 * Writes every SIP message into a capture file that Wireshark, tshark and sngrep read. What authentication proves is left out.
 *
 * Each message stands as one UDP datagram, whatever carried it: TLS would show nothing, and TCP would need streams that a trace of messages
 * does not have. Over a wildcard socket our own address reads 0.0.0.0.
 *
 * @example
 * const capture = new PcapTrace("call.pcap");
 * const phone = new VoIPPhone({ …, trace: capture.trace });
 * // …
 * await capture.close();
 */
export class PcapTrace {
  readonly path: string;
  readonly #stream: WriteStream;
  readonly #wallClock: () => number;
  #error: Error | undefined;

  /** @param wallClock milliseconds since 1970; default the system's */
  constructor(path: string, wallClock: () => number = Date.now) {
    this.path = path;
    this.#wallClock = wallClock;
    this.#stream = createWriteStream(path);
    // A full disk must not end a call; close() tells.
    this.#stream.on("error", (error) => {
      this.#error = error;
    });
    this.#stream.write(fileHeader());
  }

  /** Hand this to a phone or client as its `trace`. */
  readonly trace = (entry: TraceEntry): void => {
    if (this.#error !== undefined) return;
    const message = Buffer.from(redact(Buffer.from(entry.bytes).toString("latin1")), "latin1").subarray(0, LARGEST);
    const [from, to] = entry.direction === "in" ? [entry.remote, entry.local] : [entry.local, entry.remote];
    const packet = Buffer.concat([ipAndUDP(from, to, message.length), message]);
    const record = Buffer.alloc(16);
    const now = this.#wallClock();
    record.writeUInt32LE(Math.floor(now / 1000), 0);
    record.writeUInt32LE(Math.floor((now % 1000) * 1000), 4);
    record.writeUInt32LE(packet.length, 8);
    record.writeUInt32LE(packet.length, 12);
    this.#stream.write(Buffer.concat([record, packet]));
  };

  /** Finishes the file. @throws what the file system said, if it could not be written */
  async close(): Promise<void> {
    if (this.#error === undefined) {
      this.#stream.end();
      await finished(this.#stream).catch(() => {}); // the listener above has it
    }
    if (this.#error !== undefined) throw this.#error;
  }
}

/** The classic format: magic number, version 2.4, microseconds in UTC. */
function fileHeader(): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(LINKTYPE_RAW, 20);
  return header;
}

/** The headers that make a message a packet (RFC 791, 8200, 768). UDP's checksum stays 0, "not computed". */
function ipAndUDP(from: Endpoint, to: Endpoint, length: number): Buffer {
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(from.port, 0);
  udp.writeUInt16BE(to.port, 2);
  udp.writeUInt16BE(8 + length, 4);
  // Mixed families happen when one end is a wildcard: the peer's family is the packet's.
  const ip = isIPv6(from.address) || isIPv6(to.address) ? ipv6(from, to, 8 + length) : ipv4(from, to, 8 + length);
  return Buffer.concat([ip, udp]);
}

function ipv4(from: Endpoint, to: Endpoint, length: number): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt8(0x45, 0);
  header.writeUInt16BE(20 + length, 2);
  header.writeUInt8(64, 8);
  header.writeUInt8(UDP, 9);
  header.set(from.address.split(".").map(Number), 12);
  header.set(to.address.split(".").map(Number), 16);
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += header.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  header.writeUInt16BE(~sum & 0xffff, 10);
  return header;
}

function ipv6(from: Endpoint, to: Endpoint, length: number): Buffer {
  const header = Buffer.alloc(40);
  header.writeUInt8(0x60, 0);
  header.writeUInt16BE(length, 4);
  header.writeUInt8(UDP, 6);
  header.writeUInt8(64, 7);
  header.set(bytesOfIPv6(from.address), 8);
  header.set(bytesOfIPv6(to.address), 24);
  return header;
}

/** The 16 bytes of an IPv6 address; an IPv4 address as its IPv4-mapped one. */
function bytesOfIPv6(address: string): number[] {
  const plain = address.replace(/%.*$/, "");
  if (!plain.includes(":")) return bytesOfIPv6(`::ffff:${plain}`);
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(plain);
  const words = dotted === null ? plain : `${dotted[1]}${word(dotted[2], dotted[3])}:${word(dotted[4], dotted[5])}`;
  const [head = "", tail] = words.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => "0"), ...right];
  return groups.flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >>> 8, value & 0xff];
  });
}

function word(high = "0", low = "0"): string {
  return ((Number(high) << 8) | Number(low)).toString(16);
}
