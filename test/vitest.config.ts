import { defineConfig } from "vitest/config";

// Every test runs twice: once on the Rust addon, once on its TypeScript twin. `interop-*` are the same
// two engines against real peers (see test/interop/README.md); scripts/test.mjs chooses the projects.
const engines = ["native", "typescript"] as const;

export default defineConfig({
  test: {
    root: new URL("..", import.meta.url).pathname,
    projects: [
      {
        test: {
          name: "package",
          include: ["test/package/**/*.test.ts"],
          // npm and whole calls: slow, and no two of them at once.
          testTimeout: 120_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
      ...engines.flatMap((engine) => [
        {
          test: {
            name: engine,
            include: ["test/**/*.test.ts"],
            exclude: ["test/interop/**", "test/package/**"],
            env: { SIDETONE_ENGINE: engine },
            testTimeout: 20_000,
          },
        },
        {
          test: {
            name: `interop-${engine}`,
            include: ["test/interop/**/*.test.ts"],
            env: { SIDETONE_ENGINE: engine },
            testTimeout: 60_000,
            hookTimeout: 60_000,
            // Real peers take fixed ports and a shared machine: one file at a time.
            fileParallelism: false,
          },
        },
      ]),
    ],
  },
});
