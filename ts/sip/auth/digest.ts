import { createHash } from "node:crypto";

/** A hash of RFC 7616 and RFC 8760, as Node names it. */
type Hash = "md5" | "sha256" | "sha512-256";

/** What an `algorithm` parameter says. */
export interface DigestAlgorithm {
  readonly hash: Hash;
  /** `-sess`: the first nonce and cnonce are part of the key (RFC 7616 §3.4.2). */
  readonly session: boolean;
  /** Higher is stronger. */
  readonly strength: number;
}

const ALGORITHMS: ReadonlyMap<string, DigestAlgorithm> = new Map([
  ["MD5", { hash: "md5", session: false, strength: 1 }],
  ["MD5-SESS", { hash: "md5", session: true, strength: 1 }],
  ["SHA-256", { hash: "sha256", session: false, strength: 2 }],
  ["SHA-256-SESS", { hash: "sha256", session: true, strength: 2 }],
  ["SHA-512-256", { hash: "sha512-256", session: false, strength: 3 }],
  ["SHA-512-256-SESS", { hash: "sha512-256", session: true, strength: 3 }],
]);

/** Nothing said means MD5 (RFC 2617 §3.2.1); an unknown algorithm is undefined, and its challenge no use. */
export function digestAlgorithm(name: string | undefined): DigestAlgorithm | undefined {
  return ALGORITHMS.get((name ?? "MD5").toUpperCase());
}

/** H(username:realm:password): what a registrar stores, and all it needs to know of a password. */
export function digestKey(hash: DigestAlgorithm["hash"], username: string, realm: string, password: string): string {
  return hashHex(hash, `${username}:${realm}:${password}`);
}

/** H(username:realm): stands for a name that shall not be read on its way (RFC 7616 §3.4.4). */
export function digestUsername(hash: DigestAlgorithm["hash"], username: string, realm: string): string {
  return hashHex(hash, `${username}:${realm}`);
}

/** What goes into a response, all plain. */
export interface DigestInput {
  readonly algorithm: DigestAlgorithm;
  /** {@link digestKey} of the credentials. */
  readonly key: string;
  /** Empty for the `rspauth` by which a server proves that it knows the password too (RFC 7616 §3.5). */
  readonly method: string;
  /** The digest-uri: the Request-URI of the request, as written. */
  readonly uri: string;
  readonly nonce: string;
  /** Undefined: as in RFC 2069, which some servers still speak. */
  readonly qop: string | undefined;
  /** Eight hex digits. */
  readonly nc: string;
  readonly cnonce: string;
  readonly body: Uint8Array;
}

/** The `response` parameter (RFC 7616 §3.4.1): lower-case hex. */
export function digestResponse(input: DigestInput): string {
  const { hash, session } = input.algorithm;
  const key = session ? hashHex(hash, `${input.key}:${input.nonce}:${input.cnonce}`) : input.key;
  const integrity = input.qop === "auth-int" ? `:${hashHex(hash, input.body)}` : "";
  const request = hashHex(hash, `${input.method}:${input.uri}${integrity}`);
  const proof = input.qop === undefined ? input.nonce : `${input.nonce}:${input.nc}:${input.cnonce}:${input.qop}`;
  return hashHex(hash, `${key}:${proof}:${request}`);
}

/** RFC 7616 §3.4: eight hex digits, where implementations have sent decimals and been refused at the tenth request. */
export function nonceCount(count: number): string {
  return (count >>> 0).toString(16).padStart(8, "0");
}

function hashHex(hash: Hash, data: string | Uint8Array): string {
  return createHash(hash).update(data).digest("hex");
}
