import { timingSafeEqual } from "node:crypto";
import { isToken } from "../message/characters.ts";
import { quote } from "../message/quoted.ts";
import { type DigestCredentials, parseAuthorization } from "./challenge.ts";
import { digestAlgorithm, digestKey, digestResponse, digestUsername } from "./digest.ts";

/** What a server asks for. */
export interface ChallengeInit {
  readonly realm: string;
  readonly nonce: string;
  /** "MD5", "SHA-256", "SHA-512-256", each with "-sess"; nothing said means MD5. */
  readonly algorithm?: string | undefined;
  /** Words in the order offered; empty or left out for RFC 2069. */
  readonly qop?: readonly string[] | undefined;
  readonly stale?: boolean | undefined;
  readonly opaque?: string | undefined;
  /** Asks for a hash in the place of the name (RFC 7616 §3.4.4). */
  readonly userhash?: boolean | undefined;
}

/** The value of a WWW-Authenticate or Proxy-Authenticate header. @throws SIPHeaderError */
export function createChallenge(init: ChallengeInit): string {
  const parts = [`Digest realm=${quote(init.realm, "realm")}`, `nonce=${quote(init.nonce, "nonce")}`];
  if (init.opaque !== undefined) parts.push(`opaque=${quote(init.opaque, "opaque")}`);
  if (init.stale === true) parts.push("stale=true");
  if (init.userhash === true) parts.push("userhash=true");
  if (init.algorithm !== undefined && isToken(init.algorithm)) parts.push(`algorithm=${init.algorithm}`);
  if (init.qop !== undefined && init.qop.length > 0) parts.push(`qop=${quote(init.qop.join(","), "qop")}`);
  return parts.join(", ");
}

/** What a server holds against the credentials of a request. */
export interface VerifyInput {
  /** The header's value, or what {@link parseAuthorization} made of it. */
  readonly authorization: string | DigestCredentials;
  readonly method: string;
  /** Whose credentials they should be. Needed where they carry a hash in the place of the name; otherwise the name that they carry. */
  readonly username?: string | undefined;
  /** Either the password, or the stored H(username:realm:password) of the algorithm in use. */
  readonly password?: string | undefined;
  readonly ha1?: string | undefined;
  readonly body?: Uint8Array | undefined;
}

/**
 * Whether the credentials prove the password. Whether nonce, count and URI are the right ones is the server's policy:
 * see them in the parsed credentials.
 */
export function verifyDigest(input: VerifyInput): boolean {
  const given = typeof input.authorization === "string" ? parseAuthorization(input.authorization) : input.authorization;
  if (given === undefined) return false;
  const algorithm = digestAlgorithm(given.algorithm);
  if (algorithm === undefined) return false;
  const { username = given.userhash ? undefined : given.username } = input;
  if (username === undefined) return false;
  if (given.username !== (given.userhash ? digestUsername(algorithm.hash, username, given.realm) : username)) return false;
  const key = input.ha1 ?? digestKey(algorithm.hash, username, given.realm, input.password ?? "");
  const expected = digestResponse({
    algorithm,
    key,
    method: input.method,
    uri: given.uri,
    nonce: given.nonce,
    qop: given.qop,
    nc: given.nc ?? "",
    cnonce: given.cnonce ?? "",
    body: input.body ?? new Uint8Array(0),
  });
  const left = Buffer.from(expected);
  const right = Buffer.from(given.response.toLowerCase());
  return left.length === right.length && timingSafeEqual(left, right);
}
