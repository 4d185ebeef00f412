import { mkdir, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { statsText } from "../converse.ts";
import { ExitStatus, statusOfError } from "../exit.ts";
import type { CommandIO } from "../io.ts";
import type { CommandOptions } from "../options.ts";
import type { Output } from "../output.ts";
import { page } from "./page.ts";
import type { DemoReport } from "./report.ts";
import { HEARD_BY_BOB, playScene } from "./scene.ts";
import { Story } from "./Story.ts";

/**
 * `sidetone demo`: a registrar and two phones in this process, and a whole call between them. Leaves in `demo-out/` the WAV that Bob
 * heard, and a page with the call's ladder and plots; the page also when it fails.
 */
export async function demo(options: CommandOptions, io: CommandIO, output: Output): Promise<ExitStatus> {
  const { engine } = options;
  const folder = resolve(io.cwd, "demo-out");
  const story = new Story(engine, output);
  await mkdir(folder, { recursive: true });
  let failure: unknown;
  try {
    await playScene(story, { folder, signal: io.signal, ...(engine === undefined ? {} : { engine }) });
  } catch (error) {
    failure = error;
  }
  if (io.signal.aborted) return ExitStatus.INTERRUPTED;
  const report = story.report(failure instanceof Error ? failure.message : undefined);
  const file = join(folder, "call.html");
  await writeFile(file, page(report));
  tellResult(report, output, relative(io.cwd, join(folder, HEARD_BY_BOB)), relative(io.cwd, file));
  if (failure === undefined) return ExitStatus.DONE;
  output.error(failure);
  return statusOfError(failure) === ExitStatus.NETWORK ? ExitStatus.NETWORK : ExitStatus.FAILED;
}

function tellResult(report: DemoReport, output: Output, wav: string, html: string): void {
  const { engine, directions, digitsHeard } = report;
  output.text("\n");
  for (const { speaker, listener, received, correlation, shifts } of directions) {
    if (received === undefined) continue;
    const over = shifts === 0 ? "" : `, aligned anew after ${shifts === 1 ? "a pause" : `${shifts} pauses`}`;
    const alike = correlation === undefined ? "" : `\n       correlation ${correlation.toFixed(4)} with what ${speaker} said${over}`;
    output.event("stats", { user: listener.toLowerCase(), ...received }, `${listener.padEnd(6)} ${statsText(received)}${alike}`);
  }
  const fields = {
    ok: report.failure === undefined,
    engine: engine.engine,
    packetsSent: directions.map(({ sent }) => sent?.packetsSent ?? 0),
    packetsLost: directions.map(({ received }) => received?.packetsLost ?? 0),
    jitter: directions.map(({ received }) => (received?.jitter ?? 0) / 8),
    correlation: directions.map((direction) => direction.correlation),
    digits: digitsHeard,
    wav,
    page: html,
  };
  output.event(
    "result",
    fields,
    [`Digits ${digitsHeard || "none"}`, `Engine ${engine.engine}`, `WAV    ${wav}`, `Page   ${html}`].join("\n"),
  );
}
