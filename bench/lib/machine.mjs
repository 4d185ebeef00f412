// @ts-check
// What the benchmarks share: where processes run, what the machine is, and how figures are summed up.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { root } from "../../scripts/setup.mjs";

/** Milliseconds for which a hypervisor gave this virtual machine's processors to others; undefined where the system does not tell. */
export function stolenTime() {
  try {
    const [, steal] = /^cpu(?: +\d+){7} +(\d+)/.exec(readFileSync("/proc/stat", "latin1")) ?? [];
    return Number(steal) * 10;
  } catch {
    return undefined;
  }
}

/** One line: the machine that the figures belong to. */
export function machine() {
  const [cpu] = cpus();
  return `${cpus().length} × ${cpu?.model.trim() ?? "?"}, ${process.platform} ${process.arch}, Node ${process.versions.node}`;
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? Number.NaN) : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** @param {number} value @param {number} [digits] */
export function round(value, digits = 2) {
  return Number(value.toFixed(digits));
}

/** Builds the Rust examples that the benchmarks run. @param {string} crate @param {readonly string[]} names @returns {(name: string) => string} */
export function buildExamples(crate, names) {
  const options = ["build", "--release", "--quiet", "--message-format=json", "-p", crate, ...names.flatMap((name) => ["--example", name])];
  const output = execFileSync("cargo", options, {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 1 << 28,
    // callgrind finds functions by their names.
    env: { ...process.env, CARGO_PROFILE_RELEASE_STRIP: "none" },
  }).toString();
  const files = output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line))
    .filter((message) => message.reason === "compiler-artifact" && message.executable)
    .map((message) => [message.target.name, message.executable]);
  const found = new Map(files);
  return (name) => found.get(name) ?? join(root, "target/release/examples", name);
}

/**
 * A command on one processor, and in real time where that is permitted (Linux, as root): other work on the machine then does not
 * decide the result.
 * @param {readonly string[]} command @param {{ core?: number, realTime?: number }} place `realTime`: the priority, from 1 to 99
 */
export function placed(command, { core, realTime }) {
  const pinned = core === undefined || cpus().length < 2 || !works(["taskset", "-c", "0", "true"]) ? [] : ["taskset", "-c", String(core)];
  const hurried = realTime !== undefined && works(["chrt", "--rr", "1", "true"]) ? ["chrt", "--rr", String(realTime)] : [];
  return [...pinned, ...hurried, ...command];
}

/** @param {readonly string[]} command */
function works([file = "", ...options]) {
  return spawnSync(file, options, { stdio: "ignore" }).status === 0;
}

/** A process that talks in lines. */
export class Talker {
  /** @type {string[]} */
  #lines = [];
  /** @type {((line: string) => void)[]} */
  #waiting = [];
  #ended = false;
  /** @param {readonly string[]} command @param {Record<string, string>} [env] */
  constructor([file = "", ...options], env = {}) {
    this.process = spawn(file, options, { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, ...env } });
    const lines = createInterface(this.process.stdout);
    lines.on("line", (line) => {
      const settle = this.#waiting.shift();
      if (settle === undefined) this.#lines.push(line);
      else settle(line);
    });
    lines.on("close", () => {
      this.#ended = true;
      for (const settle of this.#waiting) settle("");
    });
  }

  /** The next line; empty at the end. @returns {Promise<string>} */
  line() {
    const line = this.#lines.shift();
    if (line !== undefined || this.#ended) return Promise.resolve(line ?? "");
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** @returns {Promise<any>} */
  async json() {
    const line = await this.line();
    if (line === "") throw new Error(`${this.process.spawnfile} ended without its figures`);
    return JSON.parse(line);
  }

  /** @param {string} line */
  say(line) {
    this.process.stdin.write(`${line}\n`);
  }
}
