import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { SidetoneError } from "../error.ts";
import type { EngineName, EngineOptions, MediaEngine } from "./contract.ts";
import { EngineUnavailableError } from "./errors.ts";
import { type Addon, missingExports, NativeEngine } from "./native.ts";
import { TypeScriptEngine } from "./typescript/engine.ts";

/** Which engine runs, and why. A bug report contains it. */
export interface EngineInfo {
  readonly engine: EngineName;
  /** The machine as its prebuilt addon is named, for instance `linux-x64-glibc`. */
  readonly machine: string;
  /** The addon's file; empty when the TypeScript engine runs. */
  readonly file: string;
  /** Why the addon does not run, a line for each file tried; empty when it runs. */
  readonly refused: readonly string[];
  /** The native media thread's priority: `real-time`, `raised` or `normal`; empty before a session was opened. */
  readonly threadPriority: string;
}

/** An engine with what there is to know about it. */
export interface LoadedEngine {
  readonly engine: MediaEngine;
  readonly info: EngineInfo;
}

const loaded = new Map<string, LoadedEngine>();

/**
 * The media engine of this process; loaded when first asked for.
 * @param wanted `"native"` (the addon, or an error), `"typescript"`, or `""` for the addon where it runs and else the TypeScript
 *   engine. Unless given, the environment's SIDETONE_ENGINE.
 * @param options how it runs. Other options make another engine, with threads of its own.
 * @throws EngineUnavailableError when `"native"` is wanted and no addon loads
 */
export function loadEngine(wanted: string = process.env["SIDETONE_ENGINE"] ?? "", options: EngineOptions = {}): LoadedEngine {
  const { threads = 1, realTime = true } = options;
  if (!Number.isInteger(threads) || threads < 1 || threads > 64) {
    throw new SidetoneError("INVALID_OPTION", `threads is ${threads}: an engine has from 1 to 64 media threads`);
  }
  // "native" and "" come to the same addon: one media thread, not two.
  const key = `${wanted === "native" ? "" : wanted} ${threads} ${realTime}`;
  let found = loaded.get(key);
  if (found === undefined) {
    // A plain literal, so that file tracers (@vercel/nft) take the folder along. In a bundle made to CommonJS import.meta.url is
    // undefined and this throws: one more reason to refuse the addon.
    found = loadFrom(wanted, () => new URL("../../prebuilds/", import.meta.url), { threads, realTime });
    loaded.set(key, found);
  }
  if (wanted === "native" && found.info.engine !== "native") throw new EngineUnavailableError(found.info.refused);
  return found;
}

/** Which engine {@link loadEngine} gives, and why. */
export function engineInfo(wanted?: string): EngineInfo {
  return loadEngine(wanted).info;
}

/** @internal {@link loadEngine} without its memory, and with the folder of the addons to choose. */
export function loadFrom(wanted: string, prebuilds: () => URL, options: EngineOptions = {}): LoadedEngine {
  if (wanted !== "" && wanted !== "native" && wanted !== "typescript") {
    const message = `SIDETONE_ENGINE is ${JSON.stringify(wanted)}: set it to "native" or "typescript", or unset it for whichever runs`;
    throw new SidetoneError("UNKNOWN_ENGINE", message);
  }
  const libc = libcOf(process.platform);
  const machine = [process.platform, process.arch, ...(libc === undefined ? [] : [libc])].join("-");
  const refused: string[] = [];
  if (wanted === "typescript") refused.push("SIDETONE_ENGINE=typescript");
  else {
    for (const file of addonFiles(process.platform, process.arch, libc)) {
      try {
        const engine = new NativeEngine(requireAddon(new URL(file, prebuilds())), options);
        const info: EngineInfo = {
          engine: engine.name,
          machine,
          file: `prebuilds/${file}`,
          refused: [],
          get threadPriority() {
            return engine.threadPriority;
          },
        };
        return { engine, info };
      } catch (error) {
        refused.push(`prebuilds/${file}: ${firstLine(error)}`);
      }
    }
    if (wanted === "native") throw new EngineUnavailableError(refused);
  }
  return { engine: new TypeScriptEngine(), info: { engine: "typescript", machine, file: "", refused, threadPriority: "" } };
}

/** The addon's files for a machine by prebuildify's names, the most specific first: what node-gyp-build would try. */
export function addonFiles(platform: string, arch: string, libc: string | undefined): string[] {
  const name = arch === "arm" ? "sidetone.armv7" : "sidetone";
  const tags = libc === undefined ? [""] : [`.${libc}`, ""];
  return tags.map((tag) => `${platform}-${arch}/${name}${tag}.node`);
}

/** Which C library this process runs on, as far as it matters for an addon's name. */
function libcOf(platform: string): "musl" | "glibc" | undefined {
  if (platform !== "linux") return undefined;
  try {
    // Right on every musl distribution, where node-gyp-build knows Alpine only.
    return readFileSync("/usr/bin/ldd", "latin1").includes("musl") ? "musl" : "glibc";
  } catch {
    // No ldd, as in a distroless image. The report is exact, but takes milliseconds to make.
    return JSON.stringify(process.report.getReport()).includes('"glibcVersionRuntime"') ? "glibc" : "musl";
  }
}

function requireAddon(file: URL): Addon {
  const exports: unknown = createRequire(file)(fileURLToPath(file));
  if (!isAddon(exports)) throw new Error("it exports nothing");
  return exports;
}

function isAddon(exports: unknown): exports is Addon {
  if (typeof exports !== "object" || exports === null) return false;
  const missing = missingExports(exports);
  if (missing.length > 0) throw new Error(`it was built from other sources: it has no ${missing.join(", no ")}`);
  return true;
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n", 1)[0] ?? "";
}
