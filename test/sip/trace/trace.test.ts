import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { PcapTrace } from "../../../ts/sip/trace/PcapTrace.ts";
import { printTrace } from "../../../ts/sip/trace/printTrace.ts";

const folder = mkdtempSync(join(tmpdir(), "sidetone-trace-"));
afterAll(() => rmSync(folder, { recursive: true }));

const MESSAGE = Buffer.from(
  'REGISTER sip:example.com SIP/2.0\r\nAuthorization: Digest username="alice", realm="r", nonce="n0nce", uri="sip:example.com", response="5ec7e7"\r\n' +
    "Subject: Grüße\r\nContent-Length: 0\r\n\r\n",
);
const alice = { address: "127.0.0.1", port: 5090, protocol: "UDP" } as const;
const server = { address: "127.0.0.2", port: 5060, protocol: "UDP" } as const;
const out = { direction: "out", bytes: MESSAGE, local: alice, remote: server, time: 0 } as const;

async function capture(entries: Parameters<PcapTrace["trace"]>[0][]): Promise<Buffer> {
  const path = join(folder, `${entries.length}-${entries[0]?.remote.address.replaceAll(":", "_")}.pcap`);
  const trace = new PcapTrace(path, () => 1_700_000_000_123.5);
  for (const entry of entries) trace.trace(entry);
  await trace.close();
  return readFileSync(path);
}

describe("printTrace", () => {
  it("shows direction, addresses, time and the whole message, and nothing that proves who we are", () => {
    let text = "";
    const trace = printTrace(
      (more) => (text += more),
      () => Date.UTC(2026, 0, 2, 3, 4, 5, 6),
    );
    trace(out);
    trace({ ...out, direction: "in" });
    expect(text).toContain("2026-01-02T03:04:05.006Z 127.0.0.1:5090 -> 127.0.0.2:5060 UDP");
    expect(text).toContain("127.0.0.1:5090 <- 127.0.0.2:5060");
    expect(text).toContain("  REGISTER sip:example.com SIP/2.0\n");
    expect(text).toContain("  Subject: Grüße\n");
    expect(text).not.toMatch(/5ec7e7|n0nce|\r/);
  });
});

describe("PcapTrace", () => {
  it("writes a file header, then each message as an IPv4 datagram from its sender to its receiver", async () => {
    const file = await capture([out, { ...out, direction: "in" }]);
    expect(file.subarray(0, 4).toString("hex")).toBe("d4c3b2a1");
    expect(file.readUInt32LE(20)).toBe(101);
    const length = file.readUInt32LE(24 + 8);
    expect([file.readUInt32LE(24), file.readUInt32LE(28)]).toEqual([1_700_000_000, 123_500]);
    const packet = file.subarray(40, 40 + length);
    expect([...packet.subarray(12, 20)]).toEqual([127, 0, 0, 1, 127, 0, 0, 2]);
    expect([packet.readUInt16BE(20), packet.readUInt16BE(22), packet.readUInt16BE(24)]).toEqual([5090, 5060, length - 20]);
    let sum = 0;
    for (let i = 0; i < 20; i += 2) sum += packet.readUInt16BE(i);
    expect((sum & 0xffff) + (sum >>> 16)).toBe(0xffff); // RFC 791: the checksum checks
    const message = packet.subarray(28).toString("utf8");
    expect(message).toMatch(/^REGISTER sip:example\.com SIP\/2\.0\r\n/);
    expect(message).toContain("Grüße");
    expect(file.toString("latin1")).not.toMatch(/5ec7e7|n0nce/);
    const second = file.subarray(40 + length + 16);
    expect([...second.subarray(12, 20)]).toEqual([127, 0, 0, 2, 127, 0, 0, 1]);
  });

  it("writes IPv6 addresses whole", async () => {
    const file = await capture([{ ...out, local: { ...alice, address: "::1" }, remote: { ...server, address: "2001:db8::a:0:1" } }]);
    const packet = file.subarray(40);
    expect(packet.subarray(8, 24).toString("hex")).toBe(`${"0".repeat(31)}1`);
    expect(packet.subarray(24, 40).toString("hex")).toBe("20010db8000000000000000a00000001");
  });

  it("tells on close that the file cannot be written, and ends nothing before", async () => {
    const trace = new PcapTrace(join(folder, "no", "such", "folder.pcap"));
    trace.trace(out);
    await expect(trace.close()).rejects.toThrow(/ENOENT/);
  });
});
