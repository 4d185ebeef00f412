import { SidetoneError } from "../../index.ts";

/** A step of the demo went wrong. */
export class DemoError extends SidetoneError {
  constructor(message: string) {
    super("DEMO_FAILED", message);
  }
}

/**
 * The result of `promise`, which has to come within `seconds`.
 * @throws DemoError when it does not; the signal's reason on abort
 */
export async function within<T>(seconds: number, what: string, promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const settled = new AbortController();
  const late = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(new DemoError(`${what}: nothing within ${seconds} s`)), seconds * 1000);
    const interrupted = (): void => reject(new DOMException("interrupted", "AbortError"));
    settled.signal.addEventListener("abort", () => clearTimeout(timer));
    signal.addEventListener("abort", interrupted, { signal: settled.signal });
    if (signal.aborted) interrupted();
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    settled.abort();
  }
}
