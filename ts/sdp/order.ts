import type { Line } from "./types.ts";

/** Places in RFC 8866 §9's order for the lines that we keep without reading: before c=, between t= and a=, at the end. */
export type Place = "before-connection" | "before-attributes" | "end";

const BEFORE_CONNECTION = "iuep";
const BEFORE_ATTRIBUTES = "zk";

export function placeOf(line: Line): Place {
  if (line.type === "") return "end";
  if (BEFORE_CONNECTION.includes(line.type)) return "before-connection";
  return BEFORE_ATTRIBUTES.includes(line.type) ? "before-attributes" : "end";
}

/** Sorts kept lines as they will be written; lines of one kind keep their order. */
export function byGrammar(lines: readonly Line[]): Line[] {
  return lines.toSorted((a, b) => rank(a) - rank(b));
}

function rank(line: Line): number {
  const kinds = BEFORE_CONNECTION + BEFORE_ATTRIBUTES;
  return placeOf(line) === "end" ? kinds.length : kinds.indexOf(line.type);
}
