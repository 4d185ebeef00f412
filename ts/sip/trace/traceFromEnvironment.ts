import type { TraceEntry } from "../transaction/TransactionLayer.ts";
import { printTrace } from "./printTrace.ts";

/** With SIDETONE_TRACE=sip every message is printed on standard error, so that a program need not be changed to be watched. */
export function traceFromEnvironment(): ((entry: TraceEntry) => void) | undefined {
  const wanted = (process.env["SIDETONE_TRACE"] ?? "").split(",").map((word) => word.trim());
  return wanted.includes("sip") ? printTrace((text) => process.stderr.write(text)) : undefined;
}
