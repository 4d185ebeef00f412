import { isToken } from "../message/characters.ts";
import { quote } from "../message/quoted.ts";
import { randomText } from "../message/random.ts";
import { SIPMethod } from "../message/SIPMethod.ts";
import type { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";
import { SIPURI } from "../message/SIPURI.ts";
import { type Challenge, type DigestCredentials, parseAuthorization, parseAuthParams, parseChallenges } from "./challenge.ts";
import type { Credentials, CredentialsSource } from "./credentials.ts";
import { type DigestAlgorithm, digestAlgorithm, digestKey, digestResponse, digestUsername, nonceCount } from "./digest.ts";

export interface DigestAuthenticatorOptions {
  /** MD5 is broken, and what nearly every PBX speaks. Default true. */
  readonly allowMD5?: boolean;
  /** Basic sends the password in the clear: RFC 3261 §22 forbids it. Default false. */
  readonly allowBasic?: boolean;
  /** Makes a cnonce; for tests. Default: 128 bits of a CSPRNG in hex. */
  readonly random?: () => string;
}

/** Who challenges: a user agent or registrar (401), or a proxy (407). */
interface Side {
  readonly challenge: string;
  readonly answer: string;
  readonly info: string;
}

const SIDES: readonly Side[] = [
  { challenge: "WWW-Authenticate", answer: "Authorization", info: "Authentication-Info" },
  { challenge: "Proxy-Authenticate", answer: "Proxy-Authorization", info: "Proxy-Authentication-Info" },
];

/** A challenge that was answered: what later requests to the same realm authorise themselves with. */
interface Session {
  readonly side: Side;
  readonly server: string;
  readonly challenge: Challenge;
  readonly algorithm: DigestAlgorithm;
  readonly username: string;
  readonly key: string;
  readonly cnonce: string;
  nonce: string;
  /** Requests that carried the nonce. */
  uses: number;
  /** The nonce came as nextnonce, so that no challenge has asked for these credentials yet. */
  announced: boolean;
  /** Challenges answered in a row without one being accepted. */
  readonly attempts: number;
}

/** A server that calls every nonce stale must not keep a phone busy for ever. */
const MAX_ATTEMPTS = 5;

/**
 * Answers 401 and 407 (RFC 3261 §22, RFC 7616, RFC 8760): every realm that challenges gets the strongest algorithm that
 * both sides know; when the server refuses that, the next weaker one; a stale nonce is answered again with the new one.
 *
 * ```ts
 * const again = request.clone();
 * again.cseq = new CSeq(request.cseq.sequence + 1, request.method);
 * if (authenticator.answer(again, response401, "pbx.example.com")) send(again);
 * else throw new InvalidAccountInfoError(…);
 * ```
 */
export class DigestAuthenticator {
  readonly #credentials: CredentialsSource;
  readonly #allowMD5: boolean;
  readonly #allowBasic: boolean;
  readonly #random: () => string;
  /** By side and realm. */
  readonly #sessions = new Map<string, Session>();

  constructor(credentials: CredentialsSource, options: DigestAuthenticatorOptions = {}) {
    this.#credentials = credentials;
    this.#allowMD5 = options.allowMD5 ?? true;
    this.#allowBasic = options.allowBasic ?? false;
    this.#random = options.random ?? ((): string => randomText(16));
  }

  /**
   * Puts credentials on a request that a response has challenged.
   *
   * @param request the request to be sent again: it still carries the credentials that the challenged one had (a clone
   *   does); they tell what has been refused
   * @param server the host the request goes to, for the look-up of credentials
   * @returns false when there is nothing new to offer: no usable challenge, no credentials, or all of them refused
   */
  answer(request: SIPRequest, response: SIPResponse, server: string): boolean {
    const answered = new Set<Session>();
    let basic = false;
    for (const side of SIDES)
      for (const [realm, challenges] of challengesByRealm(response, side)) {
        const user = request.from.uri instanceof SIPURI ? (request.from.uri.user ?? "") : "";
        const credentials = this.#credentials.get(server, realm, user);
        if (credentials.username === "") continue;
        const line = this.#answerRealm(request, side, realm, challenges, credentials, server);
        if (line === undefined) continue;
        replaceAnswer(request, side, realm, line);
        const session = this.#sessions.get(sessionId(side, realm));
        if (session === undefined || line.startsWith("Basic ")) basic = true;
        else answered.add(session);
      }
    if (answered.size > 0) this.#recount(request, answered);
    return basic || answered.size > 0;
  }

  /**
   * Authorises a request ahead of any challenge, with the nonces that are known: spares a round trip where servers
   * accept a nonce more than once. A server that does not challenges as ever.
   * ACK and CANCEL are left alone: they carry what their INVITE carried (RFC 3261 §22.1).
   *
   * @param server when given, only realms that this server asked for
   * @returns whether anything was added
   */
  authorize(request: SIPRequest, server?: string): boolean {
    if (request.method === SIPMethod.ACK || request.method === SIPMethod.CANCEL) return false;
    let added = false;
    for (const session of this.#sessions.values()) {
      if (server !== undefined && session.server !== server) continue;
      replaceAnswer(request, session.side, session.challenge.realm, this.#write(session, request));
      added = true;
    }
    return added;
  }

  /**
   * Takes the next nonce from the Authentication-Info of a success (RFC 7616 §3.5), unless its `rspauth` is wrong: then it does not come
   * from somebody who knows the password.
   * @param request the request that succeeded: its credentials name the realm; without it, the only realm known is meant
   */
  learn(response: SIPResponse, request?: SIPRequest): void {
    for (const side of SIDES) {
      const line = response.headers.get(side.info);
      if (line === undefined) continue;
      const info = parseAuthParams(line);
      const nonce = info.get("nextnonce");
      if (nonce === undefined || nonce === "") continue;
      const answers = request?.headers.getAll(side.answer).map((answer) => parseAuthorization(answer));
      const realms = answers?.map((answer) => answer?.realm);
      const sessions = [...this.#sessions.values()].filter(
        (s) => s.side === side && (realms === undefined || realms.includes(s.challenge.realm)),
      );
      const [session] = sessions;
      if (session === undefined || sessions.length > 1 || session.nonce === nonce) continue;
      const given = answers?.find((answer) => answer?.realm === session.challenge.realm);
      if (given !== undefined && !isProven(info, given, session, response.body)) continue;
      session.nonce = nonce;
      session.uses = 0;
      session.announced = true;
    }
  }

  /** Forgets every nonce: for new credentials. */
  forget(): void {
    this.#sessions.clear();
  }

  /** What other realms were told before goes along with a new count: the same one twice would be a replay. */
  #recount(request: SIPRequest, answered: ReadonlySet<Session>): void {
    for (const session of this.#sessions.values()) {
      const { side, challenge, nonce } = session;
      if (answered.has(session) || previousAnswer(request, side, challenge.realm)?.nonce !== nonce) continue;
      replaceAnswer(request, side, challenge.realm, this.#write(session, request));
    }
  }

  #answerRealm(
    request: SIPRequest,
    side: Side,
    realm: string,
    challenges: readonly Challenge[],
    credentials: Credentials,
    server: string,
  ): string | undefined {
    const id = sessionId(side, realm);
    const known = this.#sessions.get(id);
    const previous = previousAnswer(request, side, realm);
    const refused = previous === undefined ? undefined : digestAlgorithm(previous.algorithm);
    // A nonce that had served before may be used up without the server saying "stale": that refuses no credentials.
    const preemptive =
      known !== undefined && previous !== undefined && known.nonce === previous.nonce && (known.uses > 1 || known.announced);
    const choices = challenges
      .map((challenge) => ({ challenge, algorithm: this.#usable(challenge) }))
      .filter((choice): choice is { challenge: Challenge; algorithm: DigestAlgorithm } => choice.algorithm !== undefined)
      .toSorted((a, b) => b.algorithm.strength - a.algorithm.strength);
    const choice = choices.find(({ challenge, algorithm }) => {
      if (previous === undefined || refused === undefined || algorithm.strength < refused.strength) return true;
      if (algorithm.strength > refused.strength || challenge.nonce === previous.nonce) return false;
      return challenge.stale || preemptive;
    });
    if (choice === undefined) return this.#basic(request, side, challenges, credentials);
    const attempts = known !== undefined && previous?.nonce === known.nonce && !preemptive ? known.attempts + 1 : 1;
    if (attempts > MAX_ATTEMPTS) return undefined;
    const { challenge, algorithm } = choice;
    const { username, password } = credentials;
    const sameNonce = known?.nonce === challenge.nonce && known.algorithm === algorithm && known.username === username;
    const session: Session = {
      side,
      server,
      challenge,
      algorithm,
      username,
      key: digestKey(algorithm.hash, username, realm, password),
      cnonce: sameNonce ? known.cnonce : this.#random(),
      nonce: challenge.nonce,
      // A nonce count seen twice is a replay: a server that hands out one nonce to all goes on counting.
      uses: sameNonce ? known.uses : 0,
      announced: false,
      attempts,
    };
    this.#sessions.set(id, session);
    return this.#write(session, request);
  }

  #usable(challenge: Challenge): DigestAlgorithm | undefined {
    if (challenge.scheme !== "digest" || challenge.nonce === "") return undefined;
    if (challenge.qop.length > 0 && !challenge.qop.includes("auth") && !challenge.qop.includes("auth-int")) return undefined;
    const algorithm = digestAlgorithm(challenge.algorithm);
    return algorithm?.hash === "md5" && !this.#allowMD5 ? undefined : algorithm;
  }

  #basic(request: SIPRequest, side: Side, challenges: readonly Challenge[], credentials: Credentials): string | undefined {
    if (!this.#allowBasic || !challenges.some(({ scheme }) => scheme === "basic")) return undefined;
    const line = `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`, "utf8").toString("base64")}`;
    return request.headers.getAll(side.answer).includes(line) ? undefined : line;
  }

  #write(session: Session, request: SIPRequest): string {
    const { challenge, algorithm, username, key, nonce } = session;
    session.uses++;
    // auth first: back-to-back agents rewrite bodies, which auth-int does not survive.
    const qop = challenge.qop.length === 0 ? undefined : challenge.qop.includes("auth") ? "auth" : "auth-int";
    const uri = request.heading.slice(request.method.length + 1, request.heading.lastIndexOf(" "));
    const nc = nonceCount(session.uses);
    const { cnonce } = session;
    const response = digestResponse({ algorithm, key, method: request.method, uri, nonce, qop, nc, cnonce, body: request.body });
    const parts = [
      `Digest username=${quote(challenge.userhash ? digestUsername(algorithm.hash, username, challenge.realm) : username, "username")}`,
      `realm=${quote(challenge.realm, "realm")}`,
      `nonce=${quote(nonce, "nonce")}`,
      `uri=${quote(uri, "digest-uri")}`,
      `response="${response}"`,
    ];
    if (challenge.algorithm !== undefined && isToken(challenge.algorithm)) parts.push(`algorithm=${challenge.algorithm}`);
    if (qop !== undefined) parts.push(`cnonce="${cnonce}"`, `qop=${qop}`, `nc=${nc}`);
    else if (algorithm.session) parts.push(`cnonce="${cnonce}"`);
    if (challenge.userhash) parts.push("userhash=true");
    if (challenge.opaque !== undefined) parts.push(`opaque=${quote(challenge.opaque, "opaque")}`);
    return parts.join(", ");
  }
}

/** Whether the server's proof is right; true as well when it gives none, as nearly all do. */
function isProven(info: ReturnType<typeof parseAuthParams>, given: DigestCredentials, { algorithm, key }: Session, body: Uint8Array): boolean {
  const proof = info.get("rspauth");
  if (proof === undefined) return true;
  const { uri, nonce, nc = "", cnonce = "" } = given;
  const qop = info.get("qop")?.toLowerCase() ?? given.qop;
  return digestResponse({ algorithm, key, method: "", uri, nonce, qop, nc, cnonce, body }) === proof.toLowerCase();
}

function sessionId(side: Side, realm: string): string {
  return `${side.answer} ${realm}`;
}

function challengesByRealm(response: SIPResponse, side: Side): Map<string, Challenge[]> {
  const realms = new Map<string, Challenge[]>();
  for (const line of response.headers.getAll(side.challenge))
    for (const challenge of parseChallenges(line)) {
      const list = realms.get(challenge.realm);
      if (list === undefined) realms.set(challenge.realm, [challenge]);
      else list.push(challenge);
    }
  return realms;
}

function previousAnswer(request: SIPRequest, side: Side, realm: string): ReturnType<typeof parseAuthorization> {
  for (const line of request.headers.getAll(side.answer)) {
    const credentials = parseAuthorization(line);
    if (credentials?.realm === realm) return credentials;
  }
  return undefined;
}

/** One line a realm: what other realms were told stays. */
function replaceAnswer(request: SIPRequest, side: Side, realm: string, line: string): void {
  const others = request.headers.getAll(side.answer).filter((other) => {
    const credentials = parseAuthorization(other);
    return credentials === undefined ? !other.startsWith("Basic ") : credentials.realm !== realm;
  });
  request.headers.setAll(side.answer, [...others, line]);
}
