// The media room as a user has it: compiled, in a folder of its own, with the prebuilt addon or without. For tests that need a
// process or a worker: Node 20 runs no TypeScript there.
import { execFile } from "node:child_process";
import { cp, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const execute = promisify(execFile);

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class Compiled {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<Compiled> {
    const folder = await mkdtemp(join(tmpdir(), "sidetone-"));
    const tsconfig = {
      extends: join(root, "tsconfig.json"),
      compilerOptions: { rootDir: join(root, "ts"), outDir: join(folder, "dist"), typeRoots: [join(root, "node_modules/@types")] },
      files: [join(root, "ts/media/load.ts")],
      include: [],
    };
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(tsconfig));
    await writeFile(join(folder, "package.json"), JSON.stringify({ name: "sidetone", type: "module" }));
    await execute(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder]);
    return new Compiled(folder);
  }

  /** Puts the addon of this machine where the loader looks, or leaves nothing there. */
  async usePrebuilds(which: "those of the repository" | "none"): Promise<void> {
    await rm(join(this.folder, "prebuilds"), { recursive: true, force: true });
    if (which === "those of the repository") await symlink(join(root, "prebuilds"), join(this.folder, "prebuilds"), "junction");
  }

  /** Puts `content` in the addon's place, under its plain name. */
  async useAddon(content: string): Promise<void> {
    await this.usePrebuilds("none");
    await writeFile(join(this.folder, "garbage"), content);
    await cp(join(this.folder, "garbage"), join(this.folder, "prebuilds", `${process.platform}-${process.arch}`, "sidetone.node"));
  }

  /** Runs a module that finds the loader as `./dist/media/load.js`. */
  async run(code: string, env: Record<string, string> = {}, ...flags: string[]): Promise<Ended> {
    const options = { cwd: this.folder, env: { ...process.env, SIDETONE_ENGINE: "", ...env }, timeout: 15_000 };
    try {
      const { stdout, stderr } = await execute(process.execPath, [...flags, "--input-type=module", "-e", code], options);
      return { code: 0, stdout: stdout.trim(), stderr };
    } catch (error) {
      // execFile's error: its code is the exit status, its streams are what was written until then.
      const ended: { code?: unknown; stdout?: unknown; stderr?: unknown } = Object(error);
      return { code: typeof ended.code === "number" ? ended.code : -1, stdout: String(ended.stdout).trim(), stderr: String(ended.stderr) };
    }
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** One compiled copy for all tests of a file; call it at the file's top level. */
export function compiledForThisFile(): () => Compiled {
  let compiled: Compiled | undefined;
  beforeAll(async () => {
    compiled = await Compiled.make();
    await compiled.usePrebuilds("those of the repository");
  }, 60_000);
  afterAll(() => compiled?.remove());
  return () => {
    if (compiled === undefined) throw new Error("the compiled copy is made before the first test");
    return compiled;
  };
}
