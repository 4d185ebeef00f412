import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const inClone = existsSync(resolve(root, ".git"));
const tracked = inClone ? execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).split("\n").filter(Boolean) : [];

describe.runIf(inClone)("what the repository holds", () => {
  it("is no build product and no file that makes npm run node-gyp", () => {
    expect(tracked.filter((file) => /\.(node|gyp|gypi|tgz)$|^(dist|build|prebuilds|target|node_modules|demo-out)\//.test(file))).toEqual([]);
  });

  it("has no install script", () => {
    const manifest: unknown = JSON.parse(readFileSync(resolve(root, "package.json"), "utf8"));
    for (const name of ["preinstall", "install", "postinstall", "prepare"]) expect(manifest).not.toHaveProperty(["scripts", name]);
  });

  it("names no registry host and no absolute path of a machine", () => {
    const offenders = tracked
      .filter((file) => /\.(ts|mjs|cjs|js|rs|json|md|toml|yml|sh|xml|cfg|html)$|^\.ci\//.test(file) && file !== "test/house/files.test.ts" && existsSync(resolve(root, file)))
      .filter((file) => /(^|[\s"'`(=])\/(home|root|work|Users)\/|"resolved":/m.test(readFileSync(resolve(root, file), "utf8")));
    expect(offenders).toEqual([]);
  });
});
