// @ts-check
// `npm run bench -- <name> [options]` runs bench/<name>.mjs, after making the clone ready; without a name, bench/all.mjs.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { root, SetupError, setUp } from "./setup.mjs";

const [name = "all", ...options] = process.argv.slice(2);
const names = readdirSync(join(root, "bench"))
  .filter((file) => file.endsWith(".mjs"))
  .map((file) => file.slice(0, -".mjs".length))
  .toSorted();

if (!names.includes(name)) {
  process.stderr.write(`npm run bench -- <name> [options], where <name> is one of: ${names.join(", ")}\n`);
  process.exitCode = 2;
} else {
  try {
    // Not to stdout: with --json that is the benchmark's alone.
    await setUp({ native: true, write: (text) => process.stderr.write(text) });
    process.exitCode = spawnSync(process.execPath, [join(root, "bench", `${name}.mjs`), ...options], { stdio: "inherit" }).status ?? 1;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`${error.message}\n${error.output}\n`);
    process.exitCode = 1;
  }
}
