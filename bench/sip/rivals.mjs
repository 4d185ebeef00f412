// @ts-check
// The other SIP parsers of npm. They are no dependencies: each run fetches them into a folder of its own, without running their scripts.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

/**
 * What a transaction layer needs of a message, as each parser gives it; and all that makes an answer worth comparing.
 * @typedef {Record<"branch" | "host" | "fromTag" | "toTag" | "callId" | "sequence" | "method" | "target", unknown>} Routing
 * @typedef {{ name: string, version: string, route: (bytes: Buffer) => Routing }} Parser
 */

const PACKAGES = ["sip@0.0.6", "sip.js", "jssip"];

/** Where they are until the end of `use`. @template T @param {(folder: string) => Promise<T>} use @returns {Promise<T>} */
export async function withRivals(use) {
  const folder = mkdtempSync(join(tmpdir(), "sidetone-rivals-"));
  try {
    const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", folder];
    const npm = spawnSync("npm", ["install", ...options, ...PACKAGES], { encoding: "utf8", shell: process.platform === "win32" });
    if (npm.status !== 0) throw new Error(`npm could not fetch ${PACKAGES.join(", ")}:\n${npm.stderr}`);
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @type {Record<string, (folder: string) => Parser | Promise<Parser>>} */
export const rivals = { sip: withSip, "sip.js": withSIPJs, jssip: withJsSIP };

/** @param {string} folder @param {string} name */
function version(folder, name) {
  return JSON.parse(readFileSync(join(folder, "node_modules", name, "package.json"), "utf8")).version;
}

/** `sip` takes the bytes that its UDP transport hands it. @param {string} folder @returns {Parser} */
function withSip(folder) {
  const sip = createRequire(join(folder, "x.js"))("sip");
  return {
    name: "sip",
    version: version(folder, "sip"),
    route: (bytes) => {
      const { uri, headers } = sip.parse(bytes);
      const [via] = headers.via;
      return {
        branch: via.params.branch,
        host: via.host,
        fromTag: headers.from.params.tag,
        toTag: headers.to.params.tag,
        callId: headers["call-id"],
        sequence: headers.cseq.seq,
        method: headers.cseq.method,
        target: uri,
      };
    },
  };
}

/** Text, as a WebSocket gives it. @param {string} folder @returns {Promise<Parser>} */
async function withSIPJs(folder) {
  const { Parser } = await import(pathToFileURL(join(folder, "node_modules", "sip.js", "lib", "core", "messages", "parser.js")).href);
  const logger = { warn() {}, error() {}, log() {}, debug() {} };
  return {
    name: "sip.js",
    version: version(folder, "sip.js"),
    route: (bytes) => {
      const message = Parser.parseMessage(bytes.toString("utf8"), logger);
      const { viaBranch, via, fromTag, toTag, callId, cseq, ruri } = message;
      const method = message.method ?? message.parseHeader("cseq").method;
      return { branch: viaBranch, host: via.host, fromTag, toTag, callId, sequence: cseq, method, target: ruri };
    },
  };
}

/** @param {string} folder @returns {Parser} */
function withJsSIP(folder) {
  const { parseMessage } = createRequire(join(folder, "x.js"))("jssip/lib/Parser.js");
  return {
    name: "jssip",
    version: version(folder, "jssip"),
    route: (bytes) => {
      const message = parseMessage(bytes.toString("utf8"), {});
      return {
        branch: message.via_branch,
        host: message.via.host,
        fromTag: message.from_tag,
        toTag: message.to_tag,
        callId: message.call_id,
        sequence: message.cseq,
        method: message.method,
        target: message.ruri,
      };
    },
  };
}
