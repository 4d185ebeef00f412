import { networkInterfaces } from "node:os";

/**
 * Refuses to go on where a packet could leave the machine. Scenarios and peers name addresses that are not ours in SDP
 * and Via, and a phone that believes one of them must not reach it.
 * @throws Error when an interface other than loopback has an address
 */
export function requireLoopbackOnly(): void {
  const others = Object.entries(networkInterfaces())
    .filter(([, addresses]) => addresses?.some((address) => !address.internal))
    .map(([name]) => name);
  if (others.length > 0) {
    throw new Error(
      `Interop tests run only where there is nothing but loopback, and here is ${others.join(", ")}. ` +
        "Run them with: test/interop/loopback-only.sh npx vitest run --config test/vitest.config.ts --project interop-typescript",
    );
  }
}
