// What scripts/test.mjs asks before it starts the interop projects. Plain JavaScript: it runs before anything is built.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join, relative } from "node:path";

/** Program → the Debian package that has it. Linux ships `unshare` and `setpriv` (util-linux) everywhere. */
const programs = {
  sipp: "sip-tester",
  baresip: "baresip-core",
  linphonec: "linphone-cli",
  openssl: "openssl",
  kamailio: "kamailio",
  ip: "iproute2",
  unshare: "util-linux",
  setpriv: "util-linux",
  python3: "python3-venv",
};

/** A Kamailio module → the Debian package that has it. */
const modules = { "tls.so": "kamailio-tls-modules" };

/** Where `peers/pyvoip/install.sh` puts pyVoIP, one environment a version. */
export const pyvoipDirectory =
  process.env.SIDETONE_PYVOIP ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "sidetone/pyvoip");
const pyvoipVersions = ["1.6.8", "2.0.0a4"];
const pyvoipInstaller = new URL("peers/pyvoip/install.sh", import.meta.url).pathname;

/** @returns {boolean} */
function hasPyvoip() {
  return pyvoipVersions.every((version) => existsSync(join(pyvoipDirectory, version, "bin/pyvoip-is-installed")));
}

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

/** @param {string} name @returns {boolean} */
function hasModule(name) {
  const libraries = readdirSync("/usr/lib").filter((entry) => entry.includes("-linux-"));
  return [...libraries.map((entry) => `/usr/lib/${entry}`), "/usr/lib64", "/usr/lib", "/usr/local/lib"].some((directory) =>
    existsSync(join(directory, "kamailio/modules", name)),
  );
}

/** The programs that the interop tests need and that are not there, and Kamailio's modules. @returns {string[]} */
export function missingPeers() {
  const missing = Object.keys(programs).filter((program) => !isInstalled(program));
  return [...missing, ...Object.keys(modules).filter((name) => !hasModule(name)), ...(hasPyvoip() ? [] : ["pyVoIP"])];
}

const packages = [...new Set([...Object.values(programs), ...Object.values(modules)])].join(" ");

/** The one line that installs all of them on Debian and Ubuntu. */
export const installLine =
  `${process.getuid?.() === 0 ? "" : "sudo "}apt-get install -y --no-install-recommends ${packages} && ` +
  `sh ${relative(process.cwd(), pyvoipInstaller)}`;

/** Runs its arguments in a namespace that has only loopback. */
export const loopbackOnly = new URL("loopback-only.sh", import.meta.url).pathname;

/** Whether this machine lets us make such a namespace (containers often do not). @returns {boolean} */
export function canIsolate() {
  return process.platform === "linux" && spawnSync("sh", [loopbackOnly, "true"], { timeout: 10_000 }).status === 0;
}
