import { randomBytes } from "node:crypto";
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
  return randomBytes(bytes).toString("hex");
}
