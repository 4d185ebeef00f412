// @ts-check
// npm test: sets up what is missing, then runs everything that can run on this machine and lists what could not, with the
// line that installs what it needs. The last line is the sum of it all. Arguments go to vitest.
//
//   SIDETONE_ENGINE=native|typescript   that engine only; `native` fails where the addon does not load
//   SIDETONE_TEST_ALL=1                 what is skipped counts as failed
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import process from "node:process";
import { stripVTControlCharacters } from "node:util";
import { canIsolate, installLine, loopbackOnly, missingPeers } from "../test/interop/preflight.mjs";
import { excerpt, root, setUp, SetupError } from "./setup.mjs";

/** @typedef {{ passed: number, failed: number, skipped: number }} Count */
/** @typedef {{ status: string, fullName: string, failureMessages: readonly string[] }} TestResult */

const extra = process.argv.slice(2);
const wanted = process.env.SIDETONE_ENGINE ?? "";
const all = process.env.SIDETONE_TEST_ALL === "1";
const scratch = mkdtempSync(join(tmpdir(), "sidetone-test-"));
/** @type {Count} */
const total = { passed: 0, failed: 0, skipped: 0 };
/** What did not run, and what would make it run. @type {string[]} */
const left = [];
/** What failed as a whole. @type {string[]} */
const broken = [];

try {
  await main();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  if (error.output !== "") process.stderr.write(`${excerpt(error.output)}\n`);
  total.failed += 1;
  broken.push(error.message);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
report();

async function main() {
  if (!["", "native", "typescript"].includes(wanted))
    throw new SetupError(`SIDETONE_ENGINE is ${wanted}: set it to native or typescript, or unset it`);
  const { cargo, addon } = await setUp({ native: wanted !== "typescript", write: (text) => process.stderr.write(text) });
  const engines = enginesToTest(addon);

  // One after the other: a packed installation or a compiler beside them would disturb tests that watch the clock.
  await vitest("tests", engines);
  await interop(engines.map((engine) => `interop-${engine}`));
  await vitest("package", ["package"]);
  if (wanted !== "typescript") await cargoTest(cargo);
}

/** @param {string} addon why there is no fresh addon @returns {string[]} */
function enginesToTest(addon) {
  if (wanted === "typescript") return ["typescript"];
  const problem = nativeProblem();
  if (problem === "") return wanted === "native" ? ["native"] : ["native", "typescript"];
  if (wanted === "native") throw new SetupError(problem);
  skip(
    "the native engine",
    addon === "cargo not found" ? "install Rust: https://rustup.rs" : `${problem.split("\n", 1)[0]}; npm run prebuildify tells why`,
  );
  return ["typescript"];
}

/** Why the addon does not load; empty when it does. */
function nativeProblem() {
  const { status, stderr } = spawnSync(process.execPath, [join(root, "dist", "cli", "main.js"), "doctor", "--engine", "native"], {
    encoding: "utf8",
  });
  return status === 0 ? "" : stderr.trim();
}

/** @param {readonly string[]} projects */
async function interop(projects) {
  const missing = missingPeers();
  if (missing.length > 0) skip(`calls with real peers (${missing.join(", ")} missing)`, installLine);
  else if (!canIsolate()) skip("calls with real peers (this machine allows no network namespace)", "sudo npm test");
  else await vitest("interop", projects, ["sh", loopbackOnly]);
}

/** @param {string} what @param {string} remedy */
function skip(what, remedy) {
  total.skipped += 1;
  left.push(`${what}: ${remedy}`);
}

/**
 * @param {string} name @param {readonly string[]} projects
 * @param {readonly string[]} [wrapper] a command that runs its arguments
 */
async function vitest(name, projects, wrapper = []) {
  const result = join(scratch, `${name}.json`);
  const command = [
    ...wrapper,
    process.execPath,
    join(root, "node_modules", "vitest", "vitest.mjs"),
    "run",
    "--config=test/vitest.config.ts",
    "--passWithNoTests",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${result}`,
    ...projects.map((project) => `--project=${project}`),
    ...extra,
  ];
  const { status } = await run(command);
  const count = countVitest(result);
  // Unhandled errors and files that do not load fail the run, but no test of it.
  if (status !== 0 && count.failed === 0) {
    count.failed = 1;
    broken.push(`vitest (${projects.join(", ")}) ended with status ${status}`);
  }
  add(count);
}

/** @param {string} path @returns {Count} */
function countVitest(path) {
  /** @type {{ testResults: { name: string, status: string, message: string, assertionResults: TestResult[] }[] }} */
  let json;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
  const tests = json.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ status, fullName, failureMessages }) => ({
      status,
      name: `${relative(root, name)}: ${fullName.replace(/ \(SIDETONE_SEED=\d+\)/, "")}`,
      failureMessages,
    })),
  );
  const named = (/** @type {readonly string[]} */ statuses) => tests.filter(({ status }) => statuses.includes(status)).map(({ name }) => name);
  const passed = named(["passed"]);
  const failed = named(["failed"]);
  // A test that is about one engine is skipped on the other: it did run.
  const ran = new Set([...passed, ...failed]);
  const skipped = new Set(named(["skipped", "pending", "disabled", "todo"]).filter((name) => !ran.has(name)));
  const unloadable = json.testResults.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.every((test) => test.status !== "failed"),
  );
  // With the reason: of a long log, often only the end is kept.
  broken.push(...tests.filter(({ status }) => status === "failed").map((test) => [test.name, ...reasons(test)].join("\n    ")));
  broken.push(...unloadable.map(({ name, message }) => `${relative(root, name)} does not run\n    ${stripVTControlCharacters(message)}`));
  left.push(...skipped);
  return { passed: passed.length, failed: failed.length + unloadable.length, skipped: skipped.size };
}

/** The first lines of each of its failures. @param {{ failureMessages: readonly string[] }} test */
function reasons({ failureMessages }) {
  return failureMessages.flatMap((message) => stripVTControlCharacters(message).split("\n").slice(0, 40));
}

/** @param {boolean} cargo */
async function cargoTest(cargo) {
  if (!cargo) {
    skip("the Rust core's own tests", "install Rust: https://rustup.rs");
    return;
  }
  const { status, stdout } = await run(["cargo", "test", "--workspace"]);
  /** @type {Count} */
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const [, passed, failed, ignored] of stdout.matchAll(/^test result: .*?(\d+) passed; (\d+) failed; (\d+) ignored/gm)) {
    count.passed += Number(passed);
    count.failed += Number(failed);
    count.skipped += Number(ignored);
  }
  if (status !== 0 && count.failed === 0) {
    count.failed = 1;
    broken.push(`cargo test ended with status ${status}`);
  }
  if (count.skipped > 0) left.push(`${count.skipped} ignored Rust tests: cargo test --workspace -- --ignored`);
  add(count);
}

/** @param {Count} count */
function add(count) {
  total.passed += count.passed;
  total.failed += count.failed;
  total.skipped += count.skipped;
}

/**
 * Runs a command on this terminal, and keeps what it prints.
 * @param {readonly string[]} command @returns {Promise<{ status: number, stdout: string }>}
 */
function run([program = "", ...args]) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      stdio: ["inherit", "pipe", "inherit"],
      env: process.stdout.isTTY ? { FORCE_COLOR: "1", ...process.env } : process.env,
    });
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
      stdout += text;
      process.stdout.write(text);
    });
    child.once("error", (error) => {
      process.stderr.write(`${program}: ${error.message}\n`);
      resolve({ status: 127, stdout });
    });
    child.once("close", (code) => resolve({ status: code ?? 1, stdout }));
  });
}

/** @param {string} title @param {readonly string[]} lines */
function list(title, lines) {
  if (lines.length > 0) process.stdout.write(`\n${title}\n${lines.map((line) => `  ${line}\n`).join("")}`);
}

function report() {
  list("failed:", broken);
  list("skipped, and what would run it:", left);
  const failed = total.failed > 0 || (all && total.skipped > 0);
  if (all && total.skipped > 0) process.stdout.write("\nSIDETONE_TEST_ALL=1: what is skipped counts as failed\n");
  process.stdout.write(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
  process.exitCode = failed ? 1 : 0;
}
