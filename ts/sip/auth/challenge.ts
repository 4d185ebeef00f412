import { isSpace, skip, skipSpace, TOKEN } from "../message/characters.ts";
import { endOfQuoted, unquote } from "../message/quoted.ts";

/** Parameters by their names in lower case, plain (unquoted). */
type AuthParams = ReadonlyMap<string, string>;

/** What a server asks for in WWW-Authenticate or Proxy-Authenticate (RFC 7616 §3.3, RFC 8760). */
export interface Challenge {
  /** In lower case: "digest", "basic" … */
  readonly scheme: string;
  readonly realm: string;
  readonly nonce: string;
  /** As received; undefined means MD5 (RFC 2617). */
  readonly algorithm: string | undefined;
  /** In lower case; empty means no quality of protection (RFC 2069). */
  readonly qop: readonly string[];
  /** The credentials were right, their nonce too old. */
  readonly stale: boolean;
  readonly opaque: string | undefined;
  /** The name shall not be sent in the clear (RFC 7616 §3.4.4). */
  readonly userhash: boolean;
  readonly domain: string | undefined;
}

/** What a client proves in Authorization or Proxy-Authorization (RFC 7616 §3.4). */
export interface DigestCredentials {
  /** In lower case. */
  readonly scheme: string;
  /** With {@link userhash}, a hash of the name. */
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  readonly response: string;
  readonly algorithm: string | undefined;
  readonly qop: string | undefined;
  readonly cnonce: string | undefined;
  /** Eight hex digits as received. */
  readonly nc: string | undefined;
  readonly opaque: string | undefined;
  /** Whether {@link username} is a hash (RFC 7616 §3.4.4). */
  readonly userhash: boolean;
}

/**
 * Every challenge of one header line: RFC 3261 allows one a line, HTTP and some servers send several. Commas and
 * quotes inside quoted values are data. What is malformed is left out: a server that cannot challenge cannot be
 * answered, and the call's own error says so.
 */
export function parseChallenges(line: string): Challenge[] {
  return readSchemes(line).map(({ scheme, params }) => ({
    scheme,
    realm: params.get("realm") ?? "",
    nonce: params.get("nonce") ?? "",
    algorithm: params.get("algorithm"),
    qop: words(params.get("qop")),
    stale: isTrue(params.get("stale")),
    opaque: params.get("opaque"),
    userhash: isTrue(params.get("userhash")),
    domain: params.get("domain"),
  }));
}

/** The first challenge of a line; undefined when there is none. */
export function parseChallenge(line: string): Challenge | undefined {
  return parseChallenges(line)[0];
}

/** The credentials of an Authorization line; undefined for a scheme that is not digest, or without its parameters. */
export function parseAuthorization(line: string): DigestCredentials | undefined {
  const first = readSchemes(line)[0];
  if (first === undefined || first.scheme !== "digest") return undefined;
  const { params } = first;
  const [username, realm, nonce, uri, response] = ["username", "realm", "nonce", "uri", "response"].map((name) => params.get(name));
  if (username === undefined || realm === undefined || nonce === undefined || uri === undefined || response === undefined) return undefined;
  return {
    scheme: "digest",
    username,
    realm,
    nonce,
    uri,
    response,
    algorithm: params.get("algorithm"),
    qop: params.get("qop")?.toLowerCase(),
    cnonce: params.get("cnonce"),
    nc: params.get("nc"),
    opaque: params.get("opaque"),
    userhash: isTrue(params.get("userhash")),
  };
}

function isTrue(value: string | undefined): boolean {
  return value?.toLowerCase() === "true";
}

/** `name=value` pairs without a scheme, as in Authentication-Info. */
export function parseAuthParams(line: string): AuthParams {
  const params = new Map<string, string>();
  let i = 0;
  while (i < line.length) {
    const pair = readPair(line, skipSeparators(line, i));
    if (pair === undefined) break;
    if (!params.has(pair.name)) params.set(pair.name, pair.value);
    i = pair.end;
  }
  return params;
}

/** One pass: a token followed by `=` is a parameter of the scheme before it, a token followed by space a new scheme. */
function readSchemes(line: string): { scheme: string; params: AuthParams }[] {
  const schemes: { scheme: string; params: Map<string, string> }[] = [];
  let i = skipSeparators(line, 0);
  while (i < line.length) {
    const current = schemes.at(-1);
    const pair = current === undefined ? undefined : readPair(line, i);
    if (pair !== undefined) {
      if (current !== undefined && !current.params.has(pair.name)) current.params.set(pair.name, pair.value);
      i = pair.end;
    } else {
      const end = skip(line, i, line.length, TOKEN);
      if (end === i) break;
      if (end === line.length || isSpace(line.charCodeAt(end)))
        schemes.push({ scheme: line.slice(i, end).toLowerCase(), params: new Map() });
      // A token68 as Basic has it is no parameter: nothing to keep of it.
      i = end === line.length || isSpace(line.charCodeAt(end)) ? end : endOfWord(line, end);
    }
    i = skipSeparators(line, i);
  }
  return schemes;
}

function readPair(line: string, start: number): { name: string; value: string; end: number } | undefined {
  const nameEnd = skip(line, start, line.length, TOKEN);
  const equals = skipSpace(line, nameEnd, line.length);
  if (nameEnd === start || line[equals] !== "=") return undefined;
  const valueStart = skipSpace(line, equals + 1, line.length);
  const name = line.slice(start, nameEnd).toLowerCase();
  if (line[valueStart] === '"') {
    const close = endOfQuoted(line, valueStart);
    return close < 0 ? undefined : { name, value: unquote(line.slice(valueStart + 1, close)), end: close + 1 };
  }
  const end = endOfWord(line, valueStart);
  return end === valueStart ? undefined : { name, value: line.slice(valueStart, end), end };
}

function endOfWord(line: string, start: number): number {
  let end = start;
  while (end < line.length && line[end] !== "," && !isSpace(line.charCodeAt(end))) end++;
  return end;
}

function skipSeparators(line: string, start: number): number {
  let i = start;
  while (i < line.length && (line[i] === "," || isSpace(line.charCodeAt(i)))) i++;
  return i;
}

function words(list: string | undefined): readonly string[] {
  if (list === undefined) return [];
  return list
    .split(",")
    .map((word) => word.trim().toLowerCase())
    .filter((word) => word !== "");
}
