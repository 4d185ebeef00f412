import { SIPHeaderError, SIPParseError } from "../errors.ts";
import { COLON, isToken, skip, skipSpace, SLASH, TOKEN } from "./characters.ts";
import { checkedHost, checkedPort, readHostPort, writeHostPort } from "./host.ts";
import { Params, type ParamsInit, type ParamsOwner, shown } from "./Params.ts";
import type { PlainVia } from "./plain.ts";

/** The start of every RFC 3261 branch (§8.1.1.7); one without it comes from an RFC 2543 element. */
export const BRANCH_COOKIE = "z9hG4bK";

export interface ViaParts {
  readonly protocol: string;
  readonly host: string;
  readonly port?: number | undefined;
  readonly params?: ParamsInit | undefined;
}

/**
 * One hop a request took (RFC 3261 §20.42): `SIP/2.0/UDP host:port;branch=z9hG4bK…;rport`. Immutable but for its
 * parameters.
 */
export class Via {
  /** Upper case as received: "UDP", "TCP", "TLS", "WS" … */
  readonly protocol: string;
  /** Without brackets. */
  readonly host: string;
  readonly port: number | undefined;
  /** Undefined as long as nobody has asked for those of a received Via, … */
  #params: Params | undefined;
  /** … which are these, and the one of them that everybody asks for. */
  #plainParams = "";
  #plainBranch: string | undefined;
  #owner: ParamsOwner | undefined;

  /** @throws SIPHeaderError */
  constructor(parts: ViaParts);
  /** @internal */
  constructor(parts: ViaParts, checked: boolean);
  constructor(parts: ViaParts, checked = false) {
    if (checked) {
      this.protocol = parts.protocol;
      this.host = parts.host;
      this.port = parts.port;
      this.#params = parts.params instanceof Params ? parts.params : undefined;
      return;
    }
    if (!isToken(parts.protocol)) throw new SIPHeaderError("Via transport", `must be a token, not ${JSON.stringify(parts.protocol)}`);
    this.protocol = parts.protocol;
    this.host = checkedHost(parts.host);
    this.port = checkedPort(parts.port);
    this.#params = parts.params instanceof Params ? parts.params : new Params(parts.params);
  }

  /**
   * Parses one value (no comma list).
   * @param isChecked whether the value is known to be one
   * @throws SIPParseError (400)
   */
  static parse(text: string, isChecked = false): Via {
    const end = text.length;
    let i = 8;
    if (!text.startsWith("SIP/2.0/")) i = readSlash(text, readToken(text, readSlash(text, readToken(text, 0))));
    i = skipSpace(text, i, end);
    const protocolEnd = skip(text, i, end, TOKEN);
    const protocol = text.slice(i, protocolEnd);
    const hostStart = skipSpace(text, protocolEnd, end);
    if (protocolEnd === i || hostStart === protocolEnd) throw malformed(text, i);
    let { host, port, end: hostEnd } = readHostPort(text, hostStart, end);
    if (hostEnd < 0) throw malformed(text, hostStart);
    // `host : 5060` is legal: COLON in the grammar takes white space on both sides.
    const colon = skipSpace(text, hostEnd, end);
    if (port === undefined && text.charCodeAt(colon) === COLON) {
      const portStart = skipSpace(text, colon + 1, end);
      const portEnd = portStart + 5 > end ? end : portStart + 5;
      ({ port, end: hostEnd } = readHostPort(`x:${text.slice(portStart, portEnd)}`, 0, portEnd - portStart + 2));
      if (hostEnd < 0) throw malformed(text, portStart);
      hostEnd += portStart - 2;
    }
    return new Via({ protocol, host, port, params: Params.parse(text, "header", hostEnd, isChecked) }, true);
  }

  /** What the parser has recognised. @internal */
  static received(text: string, { protocolStart, protocolEnd, hostEnd, port, paramsStart, branch, end }: PlainVia): Via {
    const host = text.slice(protocolEnd + 1, hostEnd);
    const via = new Via({ protocol: text.slice(protocolStart, protocolEnd), host, port: port < 0 ? undefined : port }, true);
    via.#plainParams = text.slice(paramsStart, end);
    if (branch !== undefined) via.#plainBranch = text.slice(branch.start, branch.end);
    return via;
  }

  /** Tells a message of every change. @internal */
  belongTo(owner: ParamsOwner): void {
    this.#owner = owner;
    this.#params?.belongTo(owner, "via");
  }

  get params(): Params {
    if (this.#params === undefined) {
      this.#params = Params.parse(this.#plainParams, "header", 0, true);
      if (this.#owner !== undefined) this.#params.belongTo(this.#owner, "via");
    }
    return this.#params;
  }

  get branch(): string | undefined {
    return this.#params === undefined ? this.#plainBranch : this.#params.text("branch");
  }

  /** Where the request came from, as the next hop saw it; without brackets. */
  get received(): string | undefined {
    const received = this.params.text("received");
    // RFC 5118 §4.5: both forms of an IPv6 address are sent, both must be understood.
    return received?.startsWith("[") && received.endsWith("]") ? received.slice(1, -1) : received;
  }

  /** RFC 3581: `true` asks for the source port, a number answers; undefined when absent or no port. */
  get rport(): number | true | undefined {
    const rport = this.params.get("rport");
    if (rport === undefined || rport === true) return rport;
    const port = Number(rport);
    return Number.isInteger(port) && port > 0 && port <= 65535 ? port : undefined;
  }

  get maddr(): string | undefined {
    return this.params.text("maddr");
  }

  /** `host` or `host:port`, as written: part of the key of a server transaction (RFC 3261 §17.2.3). */
  get sentBy(): string {
    return writeHostPort(this.host, this.port);
  }

  clone(): Via {
    return new Via({ protocol: this.protocol, host: this.host, port: this.port, params: this.params.clone() });
  }

  toString(): string {
    return `SIP/2.0/${this.protocol} ${this.sentBy}${this.params.toString()}`;
  }
}

function readToken(text: string, from: number): number {
  const start = skipSpace(text, from, text.length);
  const end = skip(text, start, text.length, TOKEN);
  if (end === start) throw malformed(text, start);
  return end;
}

function readSlash(text: string, from: number): number {
  const slash = skipSpace(text, from, text.length);
  if (text.charCodeAt(slash) !== SLASH) throw malformed(text, slash);
  return slash + 1;
}

function malformed(text: string, offset: number): SIPParseError {
  return new SIPParseError(`a malformed Via ${shown(text)}`, 400, { offset });
}
