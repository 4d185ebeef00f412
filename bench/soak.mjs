// @ts-check
// Does anything stay behind when calls are over? Two phones of one process call each other through Kamailio, over real sockets with media: so
// many calls one after another, then so many at once, twice. Printed as they go: memory after a collection, transactions, alarms, listeners,
// sockets, open files; after each quarter everything must be as before the first call, memory as after the first quarter; every RTP port is free.
//
//   npm run bench -- soak [--calls 2000] [--at-once 200] [--engines native,typescript]
//
// It is the interop test calls-leave-nothing-behind with larger numbers and the timers of RFC 3261, and needs what that needs: Linux, Kamailio.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { canIsolate, installLine, loopbackOnly, missingPeers } from "../test/interop/preflight.mjs";
import { machine } from "./lib/machine.mjs";

const { values } = parseArgs({
  options: {
    calls: { type: "string", default: "2000" },
    "at-once": { type: "string", default: "200" },
    engines: { type: "string", default: "native,typescript" },
  },
});
const root = dirname(dirname(fileURLToPath(import.meta.url)));

if (missingPeers().includes("kamailio")) {
  process.stderr.write(`Kamailio is not installed: ${installLine}\n`);
  process.exitCode = 1;
} else if (!canIsolate()) {
  process.stderr.write("this machine allows no network namespace of one's own, in which alone Kamailio is started: run it as root\n");
  process.exitCode = 1;
} else {
  console.log(machine());
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const test = "test/interop/calls-leave-nothing-behind.test.ts";
  for (const engine of values.engines.split(",")) {
    const began = performance.now();
    const run = [vitest, "run", "--config", "test/vitest.config.ts", "--project", `interop-${engine}`, test];
    const { status } = spawnSync("sh", [loopbackOnly, process.execPath, ...run], {
      cwd: root,
      stdio: "inherit",
      env: { ...process.env, SIDETONE_SOAK_CALLS: values.calls, SIDETONE_SOAK_AT_ONCE: values["at-once"] },
    });
    const minutes = ((performance.now() - began) / 60_000).toFixed(1);
    console.log(`${engine}: ${status === 0 ? "nothing stayed behind" : "FAILED"}, ${minutes} minutes`);
    if (status !== 0) process.exitCode = 1;
  }
}
