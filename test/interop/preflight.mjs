// What scripts/test.mjs asks before it starts the interop projects. Plain JavaScript: it runs before anything is built.
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Program → the Debian package that has it. Linux ships `unshare` and `setpriv` (util-linux) everywhere. */
const programs = {
  sipp: "sip-tester",
  baresip: "baresip-core",
  kamailio: "kamailio",
  ip: "iproute2",
  unshare: "util-linux",
  setpriv: "util-linux",
};

/** Debian puts kamailio and ip in /usr/sbin, which is not on every user's PATH. */
const searchPath = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"].filter(Boolean);

/** @param {string} program @returns {boolean} */
function isInstalled(program) {
  return searchPath.some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** The programs that the interop tests need and that are not there. @returns {string[]} */
export function missingPeers() {
  return Object.keys(programs).filter((program) => !isInstalled(program));
}

/** The one line that installs all of them on Debian and Ubuntu. */
export const installLine = `${process.getuid?.() === 0 ? "" : "sudo "}apt-get install -y --no-install-recommends ${[...new Set(Object.values(programs))].join(" ")}`;

/** Runs its arguments in a namespace that has only loopback. */
export const loopbackOnly = new URL("loopback-only.sh", import.meta.url).pathname;

/** Whether this machine lets us make such a namespace (containers often do not). @returns {boolean} */
export function canIsolate() {
  return process.platform === "linux" && spawnSync("sh", [loopbackOnly, "true"], { timeout: 10_000 }).status === 0;
}
