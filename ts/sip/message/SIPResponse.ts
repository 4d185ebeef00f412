import { type Challenge, parseChallenges } from "../auth/challenge.ts";
import { SIPHeaderError, SIPParseError } from "../errors.ts";
import { hasLineBreak } from "./characters.ts";
import type { Head } from "./Head.ts";
import { Headers } from "./Headers.ts";
import { NameAddr } from "./NameAddr.ts";
import { newTag } from "./random.ts";
import { bodyBytes, type HeadersInit, SIP_VERSION, SIPMessage } from "./SIPMessage.ts";
import { SIPMessageType } from "./SIPMethod.ts";
import type { SIPRequest } from "./SIPRequest.ts";
import { SIPStatus } from "./SIPStatus.ts";

/** What a response says beyond its status. */
export interface SIPResponseInit {
  /** The registered phrase when left out. */
  readonly reason?: string | undefined;
  readonly headers?: HeadersInit | undefined;
  readonly body?: Uint8Array | string | undefined;
}

/**
 * A response.
 *
 * ```ts
 * const busy = SIPResponse.to(invite, 486, { headers: [["Retry-After", 30]] });
 * ```
 */
export class SIPResponse extends SIPMessage {
  readonly type: "RESPONSE" = SIPMessageType.RESPONSE;
  readonly method = null;
  readonly statusCode: number;
  readonly reason: string;

  private constructor(statusCode: number, reason: string, headers: Headers, body?: Uint8Array, head?: Head) {
    super(headers, body, head);
    this.statusCode = statusCode;
    this.reason = reason;
  }

  /** @throws SIPHeaderError when the status is none, or the reason or a header holds a line break */
  static create(init: SIPResponseInit & { readonly status: number }): SIPResponse {
    return new SIPResponse(checkedStatus(init.status), reasonOf(init), new Headers(init.headers), bodyBytes(init.body));
  }

  /**
   * The response to a request: Via, From, To, Call-ID and CSeq as they came (RFC 3261 §8.2.6.2), a tag in To unless it
   * has one or the status is 100, Record-Route where a dialog may come of it (§12.1.1), Timestamp in a 100.
   * Takes also the half-read request of a SIPParseError: what is missing there is missing in the response.
   */
  static to(request: SIPRequest, status: number, init: SIPResponseInit & { readonly toTag?: string | undefined } = {}): SIPResponse {
    const headers = new Headers();
    const copied = ["Via", "From", "To", "Call-ID", "CSeq"];
    if (status > 100 && status < 300 && DIALOG_MAKERS.has(request.method)) copied.splice(1, 0, "Record-Route");
    if (status === 100) copied.push("Timestamp");
    for (const name of copied) {
      const key = name.toLowerCase();
      for (const line of request.headers.lines(key)) headers.add(name, key === "to" && status > 100 ? tagged(line, init.toTag) : line);
    }
    if (init.headers !== undefined) for (const [name, value] of init.headers) headers.add(name, value);
    return new SIPResponse(checkedStatus(status), reasonOf({ ...init, status }), headers, bodyBytes(init.body));
  }

  /** Joins what the parser read. @internal */
  static received(statusCode: number, reason: string, headers: Headers, head: Head): SIPResponse {
    return new SIPResponse(statusCode, reason, headers, undefined, head);
  }

  get heading(): string {
    return `${SIP_VERSION} ${this.statusCode} ${this.reason}`;
  }

  get status(): SIPStatus {
    return SIPStatus.of(this.statusCode);
  }

  /** The first usable challenge of a 401 or 407. */
  get authentication(): Challenge | undefined {
    for (const name of ["www-authenticate", "proxy-authenticate"])
      for (const line of this.headers.lines(name)) {
        const [challenge] = parseChallenges(line);
        if (challenge !== undefined) return challenge;
      }
    return undefined;
  }

  get isProvisional(): boolean {
    return this.statusCode < 200;
  }

  get isSuccess(): boolean {
    return this.statusCode >= 200 && this.statusCode < 300;
  }

  clone(): SIPResponse {
    return new SIPResponse(this.statusCode, this.reason, this.headers.clone(), this.body);
  }
}

/** Whose answers carry the route set to the caller. */
const DIALOG_MAKERS = new Set(["INVITE", "SUBSCRIBE", "REFER", "NOTIFY"]);

/** The To line as it came, with a tag if it has none. A To that cannot be read goes back as it is (RFC 4475 §3.1.2.6). */
function tagged(line: string, tag: string | undefined): string {
  // As nearly every phone writes it in a request that begins something.
  if (line.endsWith(">") && line.startsWith("<sip:") && line.indexOf(">") === line.length - 1) return `${line};tag=${tag ?? newTag()}`;
  try {
    const to = NameAddr.parse(line);
    if (to.tag !== undefined) return line;
    to.tag = tag ?? newTag();
    return to.toString();
  } catch (error) {
    if (error instanceof SIPParseError) return line;
    throw error;
  }
}

function checkedStatus(status: number): number {
  if (!Number.isInteger(status) || status < 100 || status > 699) throw new SIPHeaderError("status", `must be 100 to 699, not ${status}`);
  return status;
}

function reasonOf(init: { readonly status: number; readonly reason?: string | undefined }): string {
  const reason = init.reason ?? SIPStatus.of(init.status).phrase;
  if (hasLineBreak(reason)) throw new SIPHeaderError("reason phrase", "must not contain line breaks");
  return reason;
}
