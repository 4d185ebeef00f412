import { randomFillSync } from "node:crypto";
import { BRANCH_COOKIE } from "./Via.ts";

/** A branch no other request has (RFC 3261 §8.1.1.7): the cookie and 96 random bits. */
export function newBranch(): string {
  return BRANCH_COOKIE + randomText(12);
}

/** A From or To tag (RFC 3261 §19.3): 64 random bits where 32 are asked for. */
export function newTag(): string {
  return randomText(8);
}

/** A Call-ID (RFC 3261 §8.1.1.4). It carries no host: the address of a phone behind a NAT is nobody's business. */
export function newCallId(): string {
  return randomText(16);
}

/** Random bytes as lower-case hex: comparisons of tags and branches go wrong in peers that fold case. */
export function randomText(bytes: number): string {
  if (bytes > pool.length) return randomFillSync(Buffer.alloc(bytes)).toString("hex");
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString("hex", used - bytes, used);
}

/** Asking the system costs as much for a few bytes as for many: a call with its six identifiers would ask for little else. */
const pool = Buffer.alloc(4096);
let used = pool.length;
