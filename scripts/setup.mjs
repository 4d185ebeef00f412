// @ts-check
// Makes a fresh clone ready to run: packages, the Rust addon where there is a cargo, the compiled TypeScript. What is
// there already and fits its sources is left alone. Plain JavaScript without packages: it runs before `npm ci`.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The clone. */
export const root = fileURLToPath(new URL("..", import.meta.url));

// Beside what they vouch for: they go when that is wiped. (build/ is emptied by every prebuildify.)
const distStamp = join(root, "node_modules", ".cache", "sidetone", "dist");
const addonStamp = join(root, "target", "sidetone-addon");

/** A step that failed: `message` tells the reason, `output` is what the tool wrote. */
export class SetupError extends Error {
  /** @param {string} message @param {string} [output] */
  constructor(message, output = "") {
    super(message);
    this.output = output;
  }
}

/**
 * Sets everything up. What it does is told through `write`, one line a step; tools' own output shows only when they fail.
 * @param {{ native: boolean, write: (text: string) => void }} options `native`: build the addon as well, where that is possible
 * @returns {Promise<{ cargo: boolean, addon: string }>} whether a cargo is there; why there is no fresh addon, empty when there is one
 * @throws {SetupError}
 */
export async function setUp({ native, write }) {
  checkNode();
  await installPackages(write);
  const cargo = hasCargo();
  // Before tsc: building the addon writes its types.
  const addon = native ? await buildAddon(cargo, write) : "not asked for";
  await compile(write);
  return { cargo, addon };
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const fits = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22;
  if (!fits) throw new SetupError(`this is Node ${process.versions.node}: Sidetone needs Node 20.19, 22.12 or newer`);
}

/** @returns {boolean} */
export function hasCargo() {
  return spawnSync("cargo", ["--version"], { stdio: "ignore", windowsHide: true }).status === 0;
}

/** @param {(text: string) => void} write */
async function installPackages(write) {
  if (packagesFit()) return;
  await step(write, "installing packages (npm ci)", () => npm(["ci", "--no-audit", "--no-fund"]));
}

/** Whether node_modules holds what package-lock.json asks for. npm notes in a lock of its own what it has installed. */
function packagesFit() {
  const installed = readPackages(join(root, "node_modules", ".package-lock.json"));
  const wanted = readPackages(join(root, "package-lock.json"));
  if (installed === undefined || wanted === undefined) return false;
  // Optional packages are those of other platforms.
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === "" || optional === true || installed[path]?.version === version,
  );
}

/** @param {string} path @returns {Record<string, { version?: string, optional?: boolean }> | undefined} */
function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8")).packages;
  } catch {
    return undefined;
  }
}

/** @param {boolean} cargo @param {(text: string) => void} write @returns {Promise<string>} why there is none */
async function buildAddon(cargo, write) {
  const sources = ["crates", "Cargo.toml", "Cargo.lock", ".cargo", "scripts/node-gyp.mjs"];
  const hash = hashOf(sources);
  const folder = join(root, "prebuilds", `${process.platform}-${process.arch}`);
  const built = existsSync(folder) && readdirSync(folder).some((file) => file.endsWith(".node"));
  if (built && readStamp(addonStamp) === hash) return "";
  if (!cargo) {
    const reason = "cargo not found";
    const consequence = built ? "taking the addon that is there as it is" : "going on with the TypeScript engine";
    write(`${reason}: ${consequence} (https://rustup.rs installs it)\n`);
    return reason;
  }
  try {
    // The glibc or musl in the name makes no sense elsewhere, but prebuildify would put one there.
    const tag = process.platform === "linux" ? ["--", "--tag-libc"] : [];
    await step(write, "building the Rust addon (cargo)", () => npm(["run", "prebuildify", ...tag]));
    // Hashed again: the first build of a clone may complete Cargo.lock.
    writeStamp(addonStamp, hashOf(sources));
    return "";
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    const consequence = built ? "with the one that is there" : "with the TypeScript engine";
    write(`${indent(excerpt(error.output))}\nthe addon does not build: going on ${consequence}\n`);
    return error.message;
  }
}

/** @param {(text: string) => void} write */
async function compile(write) {
  const hash = hashOf(["ts", "tsconfig.json", "package-lock.json"]);
  if (existsSync(join(root, "dist", "cli", "main.js")) && readStamp(distStamp) === hash) return;
  await step(write, "compiling TypeScript (tsc)", () => {
    // Sources that are gone must leave nothing behind that would be packed.
    rmSync(join(root, "dist"), { recursive: true, force: true });
    return run(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.json"]);
  });
  writeStamp(distStamp, hash);
}

/** @param {string} path @returns {string | undefined} */
function readStamp(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** @param {string} path @param {string} hash */
function writeStamp(path, hash) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, hash);
}

/**
 * A hash over names and contents of files and folders.
 * @param {readonly string[]} paths relative to the clone
 */
function hashOf(paths) {
  const hash = createHash("sha256");
  const files = paths.flatMap((path) => filesBelow(join(root, path)));
  for (const file of files.toSorted())
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update("\0");
  return hash.digest("hex");
}

/** @param {string} path @returns {string[]} */
function filesBelow(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || basename(path) === "target") return [];
  return stats.isDirectory() ? readdirSync(path).flatMap((name) => filesBelow(join(path, name))) : [path];
}

/**
 * One line: what, and how long it took.
 * @param {(text: string) => void} write @param {string} title @param {() => Promise<void>} work
 */
async function step(write, title, work) {
  const start = performance.now();
  write(`${title} … `);
  try {
    await work();
    write(`${((performance.now() - start) / 1000).toFixed(1)} s\n`);
  } catch (error) {
    write("failed\n");
    throw error;
  }
}

/** @param {readonly string[]} args */
function npm(args) {
  // npm names itself to the scripts it runs; Windows' npm.cmd could only be started through a shell.
  const self = process.env.npm_execpath;
  if (self !== undefined && /^npm(-cli)?\.c?js$/.test(basename(self))) return run(process.execPath, [self, ...args]);
  return process.platform === "win32" ? run("npm.cmd", args, { shell: true }) : run("npm", args);
}

/**
 * @param {string} command @param {readonly string[]} args @param {import("node:child_process").SpawnOptions} [options]
 * @returns {Promise<void>}
 */
function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], windowsHide: true, ...options });
    let output = "";
    const collect = (/** @type {string} */ text) => {
      output += text;
    };
    child.stdout?.setEncoding("utf8").on("data", collect);
    child.stderr?.setEncoding("utf8").on("data", collect);
    child.once("error", (error) => reject(new SetupError(`${command} cannot be started: ${error.message}`)));
    child.once("close", (code, signal) => {
      if (code === 0) resolve();
      else
        reject(
          new SetupError(
            `\`${[basename(command), ...args.map((arg) => basename(arg))].join(" ")}\` ended with ${signal ?? `status ${code}`}`,
            output,
          ),
        );
    });
  });
}

/**
 * The beginning and the end of what a tool wrote: npm tells the reason first, cargo last.
 * @param {string} text
 */
export function excerpt(text) {
  const lines = text.trimEnd().split("\n");
  return (lines.length <= 60 ? lines : [...lines.slice(0, 30), "…", ...lines.slice(-30)]).join("\n");
}

/** @param {string} text */
function indent(text) {
  return text.replaceAll(/^/gm, "  ");
}
