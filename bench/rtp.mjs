// @ts-check
// RTP: nanoseconds to read a packet with every length checked, and to write one of 160 bytes, header and payload. Rust without
// JavaScript around it, and TypeScript; the least of many short runs. Where valgrind is installed, Rust's instructions, too.
//
//   npm run bench -- rtp [--json]
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { HEADER_LENGTH, newHeader, parse, writeHeader } from "../dist/media/typescript/rtp.js";
import { buildExamples, machine, round } from "./lib/machine.mjs";

const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });
const PACKETS = 64;
const COUNTED = 1_000_000;
const program = buildExamples("sidetone-media", ["rtp"])("rtp");
/** @type {{ parse: number, write: number }} */
const rust = JSON.parse(execFileSync(program).toString());
const typescript = timeTypeScript();
const instructions = { parse: count("parse"), write: count("write") };

if (values.json) console.log(JSON.stringify({ machine: machine(), rust, typescript, instructions }, null, 2));
else {
  console.log(machine());
  console.table(
    (/** @type {const} */ (["parse", "write"])).map((name) => ({
      "a packet of 172 bytes": name,
      "Rust, ns": rust[name],
      wanted: name === "parse" ? "≤ 5" : "≤ 10",
      "Rust, instructions": instructions[name] ?? "no valgrind",
      "TypeScript, ns": typescript[name],
    })),
  );
}

/** @returns {{ parse: number, write: number }} */
function timeTypeScript() {
  const payload = new Uint8Array(160).fill(0x55);
  const packets = Array.from({ length: PACKETS }, (_, index) => {
    const packet = new Uint8Array(HEADER_LENGTH + payload.length).fill(0x55);
    writeHeader(packet, false, 0, index, 160 * index, 0x1234_5678);
    return packet;
  });
  const header = newHeader();
  let sum = 0;
  const read = () => {
    for (const packet of packets) if (parse(packet, header)) sum ^= header.timestamp ^ header.sequence;
  };
  let number = 0;
  const write = () => {
    for (const packet of packets) {
      number += 1;
      writeHeader(packet, false, 0, number & 0xffff, number >>> 0, 0x1234_5678);
      packet.set(payload, HEADER_LENGTH);
    }
  };
  const best = { parse: Infinity, write: Infinity };
  for (let turn = 0; turn < 4_000; turn++) {
    best.parse = Math.min(best.parse, time(read));
    best.write = Math.min(best.write, time(write));
  }
  if (sum === 1) throw new Error("the sum is there to be used");
  return { parse: round(best.parse, 1), write: round(best.write, 1) };
}

/** Nanoseconds a packet. @param {() => void} work */
function time(work) {
  const start = performance.now();
  for (let turn = 0; turn < 20; turn++) work();
  return ((performance.now() - start) * 1e6) / (20 * PACKETS);
}

/** Instructions a packet, loop included. @param {"parse" | "write"} name @returns {number | undefined} */
function count(name) {
  const folder = mkdtempSync(join(tmpdir(), "sidetone-rtp-"));
  try {
    const file = join(folder, name);
    const toggled = `--toggle-collect=rtp::${name === "parse" ? "read" : "write"}`;
    const { status } = spawnSync("valgrind", ["--tool=callgrind", toggled, `--callgrind-out-file=${file}`, program, name], { stdio: "ignore" });
    if (status !== 0) return undefined;
    const [, total] = /^(?:summary|totals): (\d+)/m.exec(readFileSync(file, "latin1")) ?? [];
    return round(Number(total) / (Math.floor(COUNTED / PACKETS) * PACKETS), 1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
