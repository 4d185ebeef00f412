import { type DigestCredentials, parseAuthorization } from "../auth/challenge.ts";
import { SIPHeaderError } from "../errors.ts";
import { hasLineBreak, isToken } from "./characters.ts";
import type { Head } from "./Head.ts";
import { Headers } from "./Headers.ts";
import { bodyBytes, type HeadersInit, SIP_VERSION, SIPMessage } from "./SIPMessage.ts";
import { SIPMessageType } from "./SIPMethod.ts";
import { parseURI, SIPURI, type URI } from "./SIPURI.ts";

/** What a request is made of. */
export interface SIPRequestInit {
  readonly method: string;
  /** Its headers and `method` parameter do not go into the request line (RFC 3261 §19.1.1). */
  readonly uri: URI | string;
  readonly headers?: HeadersInit | undefined;
  readonly body?: Uint8Array | string | undefined;
}

/**
 * A request.
 *
 * ```ts
 * const options = SIPRequest.create({ method: "OPTIONS", uri: "sip:pbx.example.com", headers: [["Max-Forwards", 70]] });
 * options.toBytes();
 * ```
 */
export class SIPRequest extends SIPMessage {
  readonly type: "REQUEST" = SIPMessageType.REQUEST;
  readonly method: string;
  readonly status = 0 as const;
  #uri: URI;
  #heading: string;
  override readonly version: string;

  private constructor(heading: string, method: string, uri: URI, version: string, headers: Headers, body?: Uint8Array, head?: Head) {
    super(headers, body, head);
    this.method = method;
    this.version = version;
    this.#uri = uri;
    this.#heading = heading;
  }

  /**
   * @throws SIPHeaderError when the method is no token, or a header holds a line break
   * @throws SIPParseError when `uri` is text that is no URI
   */
  static create(init: SIPRequestInit): SIPRequest {
    const uri = typeof init.uri === "string" ? parseURI(init.uri) : init.uri;
    return new SIPRequest(requestLine(init.method, uri), init.method, uri, SIP_VERSION, new Headers(init.headers), bodyBytes(init.body));
  }

  /** Joins what the parser read. @internal */
  static received(heading: string, method: string, uri: URI, version: string, headers: Headers, head: Head): SIPRequest {
    return new SIPRequest(heading, method, uri, version, headers, undefined, head);
  }

  get heading(): string {
    return this.#heading;
  }

  /** The Request-URI. */
  get uri(): URI {
    return this.#uri;
  }

  set uri(uri: URI) {
    this.#heading = requestLine(this.method, uri);
    this.#uri = uri;
    this.touch();
  }

  /** The first usable Authorization or Proxy-Authorization. */
  get authentication(): DigestCredentials | undefined {
    for (const name of ["authorization", "proxy-authorization"])
      for (const line of this.headers.lines(name)) {
        const credentials = parseAuthorization(line);
        if (credentials !== undefined) return credentials;
      }
    return undefined;
  }

  /** A copy that changes without the original; the body's bytes are shared. */
  clone(): SIPRequest {
    return new SIPRequest(this.#heading, this.method, this.#uri, this.version, this.headers.clone(), this.body);
  }
}

function requestLine(method: string, uri: URI): string {
  if (!isToken(method)) throw new SIPHeaderError("method", `must be a token, not ${JSON.stringify(method)}`);
  const text = String(uri instanceof SIPURI ? uri.forRequest() : uri);
  if (hasLineBreak(text) || text.includes(" ")) throw new SIPHeaderError("Request-URI", "must not contain spaces or line breaks");
  return `${method} ${text} ${SIP_VERSION}`;
}
