import { escape, percent } from "./html.ts";

/** A point of a line: x in seconds. */
export type Point = readonly [x: number, y: number];

export interface Series {
  readonly name: string;
  /** The colour's class: `alice` or `bob`. */
  readonly style: string;
  readonly points: readonly Point[];
}

export interface PlotOptions {
  /** What a person who cannot see it is told. */
  readonly label: string;
  readonly unit: string;
  readonly series: readonly Series[];
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly number[];
  /** Seconds shown. */
  readonly seconds: number;
  /** Whether the space below the line is filled. */
  readonly filled: boolean;
  /** Moments to point out, for instance digits. */
  readonly marks: readonly { readonly x: number; readonly text: string }[];
}

/**
 * A plot: the lines are an SVG that stretches with the page, the words around it are HTML, which stays readable on a phone.
 */
export function plot({ label, unit, series, from, to, ticks, seconds, filled, marks }: PlotOptions): string {
  const x = (value: number): number => Math.max(0, Math.min(1, value / seconds));
  const y = (value: number): number => 1 - Math.max(0, Math.min(1, (value - from) / (to - from)));
  const path = (points: readonly Point[]): string =>
    points.map(([px, py], i) => `${i === 0 ? "M" : "L"}${(1000 * x(px)).toFixed(1)} ${(300 * y(py)).toFixed(1)}`).join("");
  const curves = series.map(({ style, points }) => {
    const [first] = points;
    const last = points.at(-1);
    if (first === undefined || last === undefined) return "";
    const line = path(points);
    const area = `${line}L${(1000 * x(last[0])).toFixed(1)} 300L${(1000 * x(first[0])).toFixed(1)} 300Z`;
    return `${filled ? `<path class="area ${style}" d="${area}"/>` : ""}<path class="line ${style}" d="${line}"/>`;
  });
  const grid = ticks.map((tick) => `<path class="grid" d="M0 ${(300 * y(tick)).toFixed(1)}H1000"/>`);
  const verticals = marks.map((mark) => `<path class="mark" d="M${(1000 * x(mark.x)).toFixed(1)} 0V300"/>`);
  const step = [1, 2, 5, 10, 20, 30, 60].find((each) => seconds / each <= 8) ?? 120;
  const times = Array.from({ length: Math.floor(seconds / step) + 1 }, (_, i) => i * step);
  const keys = series.map(({ name, style }) => `<span class="key ${style}">${escape(name)}</span>`);
  return `<figure class="plot">
<figcaption>${keys.join(" ")}<span class="unit">${escape(unit)}</span></figcaption>
<div class="canvas" role="img" aria-label="${escape(label)}">
<svg viewBox="0 0 1000 300" preserveAspectRatio="none" aria-hidden="true">${[...grid, ...verticals, ...curves].join("")}</svg>
${ticks.map((tick) => `<span class="y" style="top:${percent(y(tick))}">${escape(tick)}</span>`).join("")}
${times.map((time) => `<span class="x" style="left:${percent(x(time))}">${time}${time === 0 ? " s" : ""}</span>`).join("")}
${clusters(marks, seconds)
  .map((mark) => `<span class="m" style="left:${percent(x(mark.x))}">${escape(mark.text)}</span>`)
  .join("")}
</div></figure>`;
}

/** Marks so close that their words would overlap share one, in their middle. */
function clusters(marks: PlotOptions["marks"], seconds: number): { x: number; text: string }[] {
  const groups: { first: number; last: number; text: string }[] = [];
  for (const { x, text } of marks.toSorted((a, b) => a.x - b.x)) {
    const group = groups.at(-1);
    if (group === undefined || x - group.last > seconds / 20) groups.push({ first: x, last: x, text });
    else {
      group.last = x;
      group.text += ` ${text}`;
    }
  }
  return groups.map(({ first, last, text }) => ({ x: (first + last) / 2, text }));
}
