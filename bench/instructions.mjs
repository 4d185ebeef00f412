// @ts-check
// Instructions of the media core, counted by callgrind: the same on a busy machine as on a quiet one, so that a change which makes the
// core slower can be told from noise. bench/instructions.json has what was counted last; 3 % more fails.
//
//   npm run bench -- instructions [--update] [--json]
//
// Valgrind knows AVX2 but not AVX-512. The counts belong to one version of rustc, which is noted beside them.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { root } from "../scripts/setup.mjs";
import { buildExamples } from "./lib/machine.mjs";

const FRAMES = 1_000;
const TOLERANCE = 1.03;
const names = ["ulaw-encode", "alaw-encode", "ulaw-decode", "alaw-decode", "call-tick", "call-tick-with-losses"];
const { values } = parseArgs({ options: { update: { type: "boolean", default: false }, json: { type: "boolean", default: false } } });
const committed = join(root, "bench", "instructions.json");
/** @type {{ rustc: string, instructions: Record<string, number> }} */
const before = JSON.parse(readFileSync(committed, "utf8"));
const rustc = execFileSync("rustc", ["--version"]).toString().trim();
const program = buildExamples("sidetone-engine", ["instructions"])("instructions");

const folder = mkdtempSync(join(tmpdir(), "sidetone-instructions-"));
/** @type {Record<string, number>} */
const instructions = {};
try {
  for (const name of names) {
    const functions = ["encode", "decode", "call"].flatMap((measured) => [`--toggle-collect=instructions::${measured}`]);
    execFileSync("valgrind", ["--tool=callgrind", ...functions, `--callgrind-out-file=${join(folder, name)}`, program, name], { stdio: "ignore" });
    const [, total] = /^(?:summary|totals): (\d+)/m.exec(readFileSync(join(folder, name), "latin1")) ?? [];
    instructions[name] = Math.round(Number(total) / FRAMES);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const grown = names.filter((name) => (instructions[name] ?? 0) > (before.instructions[name] ?? Infinity) * TOLERANCE);
if (values.json) console.log(JSON.stringify({ rustc, instructions, before, grown }, null, 2));
else {
  console.log("Instructions for a frame of 160 samples:");
  console.table(names.map((name) => ({ "": name, now: instructions[name], before: before.instructions[name] })));
}
if (values.update) writeFileSync(committed, `${JSON.stringify({ rustc, instructions }, null, 2)}\n`);
else if (rustc !== before.rustc) console.error(`counted with ${rustc}, before with ${before.rustc}: run it with --update`);
else if (grown.length > 0) {
  console.error(`more than 3 % above what is committed: ${grown.join(", ")}. If that is meant, run it with --update and say why in the commit.`);
  process.exitCode = 1;
}
