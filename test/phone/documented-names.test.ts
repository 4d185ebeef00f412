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

it("finds the rows", () => {
  expect(rows.length).toBeGreaterThan(40);
});

it.each(rows)("%s exists, and is tested in %s", (name, test) => {
  const [owner = "", member] = name.split(".");
  const exported: unknown = Reflect.get(sidetone, owner);
  expect(exported, owner).toBeDefined();
  if (member !== undefined) {
    if (typeof exported !== "function") throw new Error(`${owner} is no class`);
    expect(member in exported.prototype || member in exported, name).toBe(true);
  }
  expect(here(`test/${test}.test.ts`)).toMatch(new RegExp(`\\b${member ?? owner}\\b`));
});
