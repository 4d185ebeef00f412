// @ts-check
// npm run demo: sets up what is missing, then runs `sidetone demo` with the same arguments.
// What setting up has to say goes to stderr, so that `npm run --silent demo -- --json` prints JSON lines and nothing else.
import { spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { excerpt, root, setUp, SetupError } from "./setup.mjs";

const args = process.argv.slice(2);
const at = args.indexOf("--engine");
const engine =
  args.find((arg) => arg.startsWith("--engine="))?.slice("--engine=".length) ?? (at < 0 ? process.env.SIDETONE_ENGINE : args[at + 1]);

try {
  await setUp({ native: engine !== "typescript", write: (text) => process.stderr.write(text) });
  // Ctrl-C reaches the demo as well: it hangs up, and we wait for it.
  process.on("SIGINT", () => {});
  const child = spawn(process.execPath, [join(root, "dist", "cli", "main.js"), "demo", ...args], { stdio: "inherit" });
  process.once("SIGTERM", () => child.kill("SIGTERM"));
  child.once("close", (code) => {
    process.exitCode = code ?? 1;
  });
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`${error.output === "" ? "" : `${excerpt(error.output)}\n`}demo: ${error.message}\n`);
  process.exitCode = 1;
}
