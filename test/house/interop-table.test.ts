import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const text = readFileSync(resolve(root, "docs/interop.md"), "utf8");
const rows = text
  .split("\n")
  .filter((line) => line.startsWith("|"))
  .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
const legend = rows.filter((cells) => cells.length === 2 && cells[0]!.startsWith("`"));
const tests = new Map(legend.map(([word, file]) => [word!.replaceAll("`", ""), file!]));
const matrix = rows.filter((cells) => cells.length === 6);
const peers = matrix[0]!.slice(1).map((name) => name.split(" ")[0]!.toLowerCase());
const source = (word: string): string => readFileSync(resolve(root, `test/interop/${tests.get(word)!}.test.ts`), "utf8");

describe("docs/interop.md", () => {
  it("names tests that there are", () => {
    expect([...tests.values()].filter((file) => !existsSync(resolve(root, `test/interop/${file}.test.ts`)))).toEqual([]);
    const used = new Set(Array.from(text.matchAll(/`([\w-]+)`/g), ([, word]) => word!));
    expect([...tests.keys()].filter((word) => text.split(`\`${word}\``).length < 3)).toEqual([]);
    expect([...used].filter((word) => !tests.has(word))).toEqual([]);
  });

  it("says of each peer what a test does with it, or why not", () => {
    const notes = new Set(Array.from(text.matchAll(/^(\d+)\. /gm), ([, number]) => number!));
    const bad = matrix.slice(2).flatMap(([what, ...cells]) =>
      cells.flatMap((cell, column) => {
        const words = Array.from(cell.matchAll(/`([\w-]+)`/g), ([, word]) => word!);
        const numbers = Array.from(cell.matchAll(/\((\d+)\)/g), ([, number]) => number!);
        const fine = words.length > 0 ? words.every((word) => source(word).toLowerCase().includes(peers[column]!)) : /^– \(\d+\)$/.test(cell);
        return fine && numbers.every((number) => notes.has(number)) ? [] : [`${what}: ${cell}`];
      }),
    );
    expect(bad).toEqual([]);
  });
});
