import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ExitStatus } from "../../ts/cli/exit.ts";
import { COMMANDS } from "../../ts/cli/options.ts";

const page = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8");
const folder = new URL("../../ts/cli/", import.meta.url);
const sources = readdirSync(folder).filter((name) => name.endsWith(".ts")).map((name) => readFileSync(new URL(name, folder), "utf8"));

describe("docs/cli.md", () => {
  it.each(COMMANDS)("has the command %s", (command) => {
    expect(page).toMatch(new RegExp(`^\\| \`sidetone ${command}\\b`, "m"));
  });

  it.each(Object.entries(ExitStatus))("has the exit status of %s", (_name, status) => {
    expect(page).toMatch(new RegExp(`^\\| ${status} \\|`, "m"));
  });

  it("has each event that --json tells", () => {
    const told = sources.flatMap((text) => [...text.matchAll(/\.event\(\s*"(\w+)"/g)].map(([, name]) => name));
    expect(new Set(told).size).toBeGreaterThan(15);
    expect(told.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});
