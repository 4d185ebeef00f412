// @ts-check
// node examples/run.mjs NAME [ARGUMENT...]: builds what is missing, then runs that example.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { setUp } from "../scripts/setup.mjs";

const files = new Map(
  readdirSync(new URL(".", import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => [name, readdirSync(new URL(`${name}/`, import.meta.url)).find((file) => file.endsWith(".mjs"))]),
);
const [name = "", ...args] = process.argv.slice(2);
const file = files.get(name);
if (file === undefined) {
  process.stderr.write(`usage: node examples/run.mjs ${[...files.keys()].join("|")} [ARGUMENT...]\n`);
  process.exit(2);
}
await setUp({ native: process.env.SIDETONE_ENGINE !== "typescript", write: (text) => process.stderr.write(text) });
process.on("SIGINT", () => {});
spawn(process.execPath, [fileURLToPath(new URL(`${name}/${file}`, import.meta.url)), ...args], { stdio: "inherit" }).once(
  "close",
  (code) => {
    process.exitCode = code ?? 1;
  },
);
