import { randomBytes } from "node:crypto";

import { type DigestCredentials, parseAuthorization } from "../../sip/auth/challenge.ts";
import { createChallenge, verifyDigest } from "../../sip/auth/verify.ts";
import type { SIPRequest } from "../../sip/message/SIPRequest.ts";
import type { Clock } from "../../time/clock.ts";
import type { Refusal } from "./Bindings.ts";

/** Who asks for credentials: a registrar for itself (401), or a proxy on the way (407). */
export type Asker = "registrar" | "proxy";

const HEADERS = {
  registrar: { status: 401, challenge: "WWW-Authenticate", answer: "Authorization" },
  proxy: { status: 407, challenge: "Proxy-Authenticate", answer: "Proxy-Authorization" },
} as const;

/** A challenge's terms. */
export interface DigestTerms {
  readonly realm: string;
  /** By user name. */
  readonly users: Readonly<Record<string, string>>;
  /** One challenge each, in this order. */
  readonly algorithms: readonly string[];
  /** Empty: as in RFC 2069. */
  readonly qop: readonly string[];
  /** After so many ms a nonce is stale. */
  readonly nonceLifetime: number;
}

interface Nonce {
  readonly issuedAt: number;
  readonly counts: Set<string>;
}

/** Asks for digest credentials and judges them, as strictly as a server may (RFC 7616 §3.4): a phone's mistakes are to be seen here. */
export class DigestGuard {
  readonly #clock: Clock;
  readonly #terms: DigestTerms;
  readonly #nonces = new Map<string, Nonce>();

  constructor(clock: Clock, terms: DigestTerms) {
    this.#clock = clock;
    this.#terms = terms;
  }

  /** @returns the user name that a request proves, or what to answer it */
  admit(request: SIPRequest, asker: Asker): { readonly username: string } | Refusal {
    const credentials = this.#credentialsFor(request, asker);
    if (credentials === undefined || !this.#keepsTerms(credentials)) return this.#challenge(asker, false);
    const { users } = this.#terms;
    const password = Object.hasOwn(users, credentials.username) ? users[credentials.username] : undefined;
    if (password === undefined) return this.#challenge(asker, false);
    if (!verifyDigest({ authorization: credentials, method: request.method, password, body: request.body })) {
      return this.#challenge(asker, false);
    }
    // RFC 7616 §3.4.6: credentials are for one resource.
    if (credentials.uri !== request.uri.toString()) return { status: 400 };
    return this.#isFresh(credentials) ? { username: credentials.username } : this.#challenge(asker, true);
  }

  /** Takes off what was meant for us; credentials for other realms travel on (RFC 3261 §22.3). Changes the request. */
  takeOwnCredentials(request: SIPRequest): void {
    const others = request.headers.getAll(HEADERS.proxy.answer).filter((line) => parseAuthorization(line)?.realm !== this.#terms.realm);
    if (others.length === 0) request.headers.delete(HEADERS.proxy.answer);
    else request.headers.setAll(HEADERS.proxy.answer, others);
  }

  #credentialsFor(request: SIPRequest, asker: Asker): DigestCredentials | undefined {
    const lines = request.headers.getAll(HEADERS[asker].answer);
    return lines.map((line) => parseAuthorization(line)).find((credentials) => credentials?.realm === this.#terms.realm);
  }

  /** Whether algorithm and quality of protection are among those offered: nobody may choose a weaker one. */
  #keepsTerms({ algorithm = "MD5", qop, nc, cnonce }: DigestCredentials): boolean {
    const { algorithms, qop: offered } = this.#terms;
    if (!algorithms.some((each) => each.toUpperCase() === algorithm.toUpperCase())) return false;
    if (qop === undefined) return offered.length === 0;
    return offered.includes(qop) && cnonce !== undefined && /^[0-9a-f]{8}$/.test(nc ?? "");
  }

  /** Whether the nonce is ours, not too old, and its count not seen before. */
  #isFresh({ nonce, nc }: DigestCredentials): boolean {
    const known = this.#nonces.get(nonce);
    if (known === undefined || this.#isOld(known)) return false;
    if (nc === undefined) return true;
    if (known.counts.has(nc)) return false;
    known.counts.add(nc);
    return true;
  }

  #isOld(nonce: Nonce): boolean {
    return this.#clock.now() - nonce.issuedAt >= this.#terms.nonceLifetime;
  }

  #challenge(asker: Asker, stale: boolean): Refusal {
    for (const [text, nonce] of this.#nonces) if (this.#isOld(nonce)) this.#nonces.delete(text);
    const nonce = randomBytes(16).toString("hex");
    this.#nonces.set(nonce, { issuedAt: this.#clock.now(), counts: new Set() });
    const { status, challenge } = HEADERS[asker];
    const { realm, algorithms, qop } = this.#terms;
    return {
      status,
      headers: algorithms.map((algorithm): [string, string] => [challenge, createChallenge({ realm, nonce, algorithm, qop, stale })]),
    };
  }
}
