#!/usr/bin/env node
import process from "node:process";
import { ExitStatus } from "./exit.ts";
import { run } from "./run.ts";

const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // The second time somebody is in a hurry: the far end learns nothing.
    if (interrupt.signal.aborted) process.exit(ExitStatus.INTERRUPTED);
    interrupt.abort();
  });
}
const { stdout, stderr, stdin, env } = process;
// A reader that has seen enough (`| head`) is no error.
stdout.on("error", () => process.exit(ExitStatus.FAILED));
process.exitCode = await run(process.argv.slice(2), { stdout, stderr, stdin, env, cwd: process.cwd(), signal: interrupt.signal });
// The exit status is settled and everything is closed; a stdin that was asked for a password would hold the process.
stdin.unref?.();
