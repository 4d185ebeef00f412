import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** The clone. */
export const root: string = new URL("../..", import.meta.url).pathname;

/** How a program ended, and what it said. */
export interface Result {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, whatever its status. */
export async function run(program: string, args: readonly string[], cwd: string, env: Record<string, string> = {}): Promise<Result> {
  // The engine of this test run is not that of the package under test.
  const { SIDETONE_ENGINE: _, ...inherited } = process.env;
  try {
    const { stdout, stderr } = await execute(program, [...args], { cwd, env: { ...inherited, ...env }, maxBuffer: 2 ** 24 });
    return { status: 0, stdout, stderr };
  } catch (error) {
    if (error instanceof Error && "stdout" in error && "stderr" in error && "code" in error && typeof error.code === "number") {
      return { status: error.code, stdout: String(error.stdout), stderr: String(error.stderr) };
    }
    throw error;
  }
}

/** npm, wherever this run's npm is. */
export function npm(args: readonly string[], cwd: string): Promise<Result> {
  const self = process.env["npm_execpath"];
  if (self !== undefined && /^npm(-cli)?\.c?js$/.test(basename(self))) return run(process.execPath, [self, ...args], cwd);
  return run("npm", args, cwd);
}

/** What `npm pack` says of the package. */
export interface Packed {
  readonly path: string;
  /** Bytes of the tarball. */
  readonly size: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

/** Builds what is stale, and packs the clone. */
export async function pack(folder: string): Promise<Packed> {
  const setup = 'import { setUp } from "./scripts/setup.mjs"; await setUp({ native: false, write: () => {} });';
  await succeed(run(process.execPath, ["--input-type=module", "-e", setup], root));
  const { stdout } = await succeed(npm(["pack", "--json", "--pack-destination", folder], root));
  const [packed]: { filename: string; size: number; files: { path: string; size: number }[] }[] = JSON.parse(stdout);
  if (packed === undefined) throw new Error(`npm pack said nothing: ${stdout}`);
  return { path: join(folder, packed.filename), size: packed.size, files: packed.files };
}

/** A project that depends on the tarball and nothing else. */
export async function install(tarball: string, folder: string): Promise<void> {
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true }));
  await succeed(npm(["install", "--no-audit", "--no-fund", "--prefer-offline", tarball], folder));
}

/** A folder, and how to get rid of it. */
export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "sidetone-package-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

export async function succeed(work: Promise<Result>): Promise<Result> {
  const result = await work;
  if (result.status !== 0) throw new Error(`it ended with ${result.status}:\n${result.stderr}\n${result.stdout}`);
  return result;
}
