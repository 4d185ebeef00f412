import type { Modules } from "./targets.mjs";

/** See run.mjs; declared for the test that runs it on the sources. */
export function fuzz(
  modules: Modules,
  options: { readonly inputs: number; readonly seed: number },
): Promise<{
  readonly inputs: Readonly<Record<string, number>>;
  readonly findings: readonly { readonly target: string; readonly input: Buffer; readonly error: string }[];
  readonly slowest: { readonly target: string; readonly bytes: number; readonly perKB: number };
  readonly heap: readonly number[];
}>;
