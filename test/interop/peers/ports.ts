import { FreePorts } from "../../FreePorts.ts";

/** One file at a time runs in this network namespace: each may begin anew. */
const ports = new FreePorts(20_000, 32_767);

/** A port of 127.0.0.1 that nobody uses, UDP nor TCP, and that is given out once a test file. */
export async function freePort(): Promise<number> {
  return (await ports.take(1)).low;
}

/** `count` free ports in a row, the first one even (RFC 3550 §11). */
export function freePorts(count: number): Promise<{ low: number; high: number }> {
  return ports.take(count);
}
