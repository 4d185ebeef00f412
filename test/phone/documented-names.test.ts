import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import * as sidetone from "../../ts/index.ts";

const here = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** The rows of docs/pyvoip.md that name a test: ours, and where it is tested. */
const rows = here("docs/pyvoip.md")
  .split("\n")
  .map((line) => line.split(/\s*\|\s*/))
  .flatMap((cells): [string, string][] => {
    const [, , ours = "", , test = ""] = cells;
    return cells.length === 6 && /^[a-z]+\/\S+$/.test(test) ? [[ours.replaceAll("`", ""), test]] : [];
  });

/** What the tests of a file are called. */
function titles(source: string): string[] {
  return [...source.matchAll(/^\s*it(?:\.each\([\s\S]*?\))?\(\s*(["'`])(.*?)\1,/gm)].map((match) => match[2] ?? "");
}

it("finds the rows", () => {
  expect(rows.length).toBeGreaterThan(75);
});

it.each(rows)("%s exists, and a test in %s is named after it", (name, test) => {
  const [owner = "", member] = name.split(".");
  const exported: unknown = Reflect.get(sidetone, owner);
  expect(exported, owner).toBeDefined();
  if (member !== undefined) {
    if (typeof exported !== "function") throw new Error(`${owner} is no class`);
    expect(member in exported.prototype || member in exported, name).toBe(true);
  }
  const named = new RegExp(`(?<![\\w.])${name.replaceAll(".", "\\.")}(?![\\w.]*\\w)`);
  expect(titles(here(`test/${test}.test.ts`)).filter((title) => named.test(title))).not.toEqual([]);
});
