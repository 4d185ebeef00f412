import type { MediaStatistics } from "../../index.ts";
import { escape } from "./html.ts";
import { ladderView } from "./ladderView.ts";
import { type Point, plot, type Series } from "./plot.ts";
import type { DemoReport, Direction } from "./report.ts";
import { STYLE } from "./style.ts";
import { wavDataURI } from "./wavDataURI.ts";

/** Everything about a run of the demo on one page that needs nothing else: no script, no font, no network. */
export function page(report: DemoReport): string {
  const { engine, failure, directions, marks, messages, start } = report;
  const seconds = (report.end - start) / 1000;
  const verdict =
    failure === undefined ? '<p class="verdict good">Everything arrived</p>' : `<p class="verdict bad">Failed: ${escape(failure)}</p>`;
  const about = [`${engine.machine}, Node ${process.versions.node}`, ...engine.refused.map((reason) => `not native: ${reason}`)];
  const when = report.startedAt.toISOString().replace("T", " ").slice(0, 19);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Alice calls Bob: Sidetone demo</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>Alice calls Bob</h1>
<p>Sidetone ${escape(report.version)}, ${escape(engine.engine)} media engine. ${escape(when)} UTC, ${seconds.toFixed(1)} s.</p>
${verdict}
</header>
<main>
${cards(report)}
${directions.length === 0 ? "" : media(report, seconds)}
<section><h2>The messages</h2>
<p>Every SIP message that passed the registrar. Each opens to show itself, without what could betray a password.</p>
${ladderView(messages, marks, start)}
</section>
${directions.length === 0 ? "" : counters(directions)}
</main>
<footer>${about.map(escape).join("<br>")}</footer>
</body>
</html>
`;
}

function media(report: DemoReport, seconds: number): string {
  return `${players(report.directions)}
<section><h2>Levels</h2>
<p>What each side heard, a tenth of a second at a time.</p>
${levels(report, seconds)}
</section>
<section><h2>Arrival jitter</h2>
<p>How unevenly packets arrived, as RFC 3550 reckons it: 0 is one every 20 ms to the dot.</p>
${jitter(report, seconds)}
</section>`;
}

function card(title: string, value: string, note: string): string {
  return `<div class="card"><h2>${escape(title)}</h2><strong>${value}</strong><span>${note}</span></div>`;
}

function cards({ directions, digitsHeard, digitsSent, messages, engine }: DemoReport): string {
  const sum = (pick: (direction: Direction) => number | undefined): number =>
    directions.reduce((total, each) => total + (pick(each) ?? 0), 0);
  const worst = Math.min(...directions.map(({ correlation }) => correlation ?? 0));
  const shifts = sum((direction) => direction.shifts);
  const jitters = directions.map(({ received }) => (received?.jitter ?? 0) / 8);
  const peaks = directions.map(({ heard }) => Math.max(0, ...heard.map((each) => each.jitter)).toFixed(2));
  const delays = directions.map(({ received }) => `${Math.round(received?.playoutDelay ?? 0)}`);
  const names = directions.map(({ listener }) => escape(listener)).join(" / ");
  return `<section class="cards">${[
    card(
      "Speech",
      Number.isFinite(worst) ? worst.toFixed(4) : "none",
      `correlation of said and heard${shifts === 0 ? "" : `, over ${shifts === 1 ? "a pause" : `${shifts} pauses`}`}`,
    ),
    card("RTP packets", String(sum(({ sent }) => sent?.packetsSent)), `sent; ${sum(({ received }) => received?.packetsLost)} lost`),
    card("Jitter", `${jitters.map((value) => value.toFixed(2)).join(" / ") || "none"}<small> ms</small>`, `${names}, at most ${peaks.join(" / ")}`),
    card("Playout delay", `${delays.join(" / ") || "none"}<small> ms</small>`, names),
    card("Digits", escape(digitsHeard || "none"), `heard; ${escape(digitsSent || "none")} sent`),
    card("Engine", escape(engine.engine), `${messages.length} SIP messages`),
  ].join("")}</section>`;
}

function players(directions: readonly Direction[]): string {
  const each = directions.map(
    ({ speaker, listener, samples }) =>
      `<div><h2>What ${escape(listener)} heard of ${escape(speaker)}</h2>` +
      `<audio controls preload="metadata" src="${wavDataURI(samples)}"></audio></div>`,
  );
  return `<section class="players">${each.join("")}</section>`;
}

function seriesOf({ directions, start }: DemoReport, value: (heard: Direction["heard"][number]) => number): Series[] {
  return directions.map(({ speaker, listener, heard }) => ({
    name: `${listener} hears ${speaker}`,
    style: speaker.toLowerCase(),
    points: heard.map((each): Point => [(each.time - start) / 1000, value(each)]),
  }));
}

function digitMarks({ marks, start }: DemoReport): { x: number; text: string }[] {
  return marks.flatMap(({ time, digit }) => (digit === undefined ? [] : [{ x: (time - start) / 1000, text: digit }]));
}

function levels(report: DemoReport, seconds: number): string {
  return plot({
    label: "Level over time of what Bob and Alice heard",
    unit: "dBov",
    series: seriesOf(report, ({ level }) => level),
    from: -70,
    to: 0,
    ticks: [-60, -40, -20, 0],
    seconds,
    filled: true,
    marks: digitMarks(report),
  });
}

function jitter(report: DemoReport, seconds: number): string {
  const series = seriesOf(report, (heard) => heard.jitter);
  const highest = Math.max(0, ...series.flatMap(({ points }) => points.map(([, y]) => y)));
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50].find((each) => highest <= 4 * each) ?? 100;
  const ticks = [0, 1, 2, 3, 4].map((i) => Number((i * step).toFixed(1)));
  return plot({
    label: "Interarrival jitter over time at Bob and Alice",
    unit: "ms",
    series,
    from: 0,
    to: 4 * step,
    ticks,
    seconds,
    filled: false,
    marks: digitMarks(report),
  });
}

/** The counters worth a row, with their names for people. */
const COUNTERS: readonly [name: string, of: "sent" | "received", value: (stats: MediaStatistics) => string][] = [
  ["Packets sent", "sent", ({ packetsSent }) => String(packetsSent)],
  ["of them silence", "sent", ({ framesSilent }) => String(framesSilent)],
  ["Frames skipped by a stalled sender", "sent", ({ framesSkipped }) => String(framesSkipped)],
  ["Packets received", "received", ({ packetsReceived }) => String(packetsReceived)],
  ["lost", "received", ({ packetsLost }) => String(packetsLost)],
  ["too late", "received", ({ packetsLate }) => String(packetsLate)],
  ["twice", "received", ({ packetsDuplicate }) => String(packetsDuplicate)],
  ["refused", "received", ({ packetsRejected }) => String(packetsRejected)],
  ["Seconds played", "received", ({ samplesPlayed }) => (samplesPlayed / 8000).toFixed(2)],
  ["of them concealed", "received", ({ samplesConcealed }) => (samplesConcealed / 8000).toFixed(2)],
  ["Jitter, ms", "received", (stats) => (stats.jitter / 8).toFixed(2)],
  ["Playout delay, ms", "received", ({ playoutDelay }) => String(Math.round(playoutDelay))],
];

function counters(directions: readonly Direction[]): string {
  const heads = directions.map(({ speaker, listener }) => `<th scope="col">${escape(speaker)} to ${escape(listener)}</th>`).join("");
  const rows = COUNTERS.map(([name, of, value]) => {
    const cells = directions.map((direction) => {
      const stats = direction[of];
      return `<td>${stats === undefined ? "" : escape(value(stats))}</td>`;
    });
    return `<tr><th scope="row">${escape(name)}</th>${cells.join("")}</tr>`;
  });
  return `<section><h2>The counters</h2><table><thead><tr><td></td>${heads}</tr></thead><tbody>${rows.join("")}</tbody></table></section>`;
}
