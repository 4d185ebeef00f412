import { NameAddr } from "../message/NameAddr.ts";
import type { SIPMessage } from "../message/SIPMessage.ts";
import { SIPRequest } from "../message/SIPRequest.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";
import { SIPURI } from "../message/SIPURI.ts";
import type { SIPBody } from "./body.ts";
import { OfferAnswer } from "./OfferAnswer.ts";

/**
 * RFC 3261 §12:
 *
 * ```
 *        1xx with a To tag                  2xx
 *   ───────────────────────▶ early ────────────────▶ confirmed
 *                              │                          │
 *                  final other │         BYE, 481, no ACK │
 *                  than 2xx    ▼                          ▼
 *                          terminated ◀──────────── terminated
 * ```
 */
export type DialogState = "early" | "confirmed" | "terminated";

/** What {@link Dialog.createRequest} adds to the dialog's own headers. */
export interface DialogRequestOptions {
  readonly headers?: Iterable<readonly [string, string]>;
  readonly body?: SIPBody | undefined;
  /** For ACK, whose CSeq number is its INVITE's (RFC 3261 §13.2.2.4). */
  readonly sequence?: number;
}

interface DialogParts {
  readonly caller: boolean;
  readonly callId: string;
  /** As From and To say it. */
  readonly local: string;
  readonly localTag: string;
  readonly remote: string;
  readonly remoteTag: string;
  readonly localSequence: number;
  readonly remoteSequence: number | undefined;
  readonly remoteTarget: SIPURI;
  readonly routeSet: readonly NameAddr[];
}

/**
 * A dialog of RFC 3261 §12: the numbers, tags, target and route set by which two user agents know a call. Sans I/O: it builds
 * requests and judges those received; who sends them and when is the session's business.
 */
export class Dialog {
  readonly callId: string;
  readonly localTag: string;
  /** Empty for a peer of RFC 2543 that sent none (RFC 3261 §12.1.2). */
  readonly remoteTag: string;
  /** Whether we sent the request that created the dialog and so own its Call-ID (RFC 3261 §14.1 asks for it). */
  readonly caller: boolean;
  /** Where the negotiation of its session stands. */
  readonly exchange: OfferAnswer = new OfferAnswer();
  /** The session description that we sent last in this dialog; a fork's is none of the other's. */
  localDescription: SIPBody | undefined;
  readonly #local: string;
  readonly #remote: string;
  /** Parsed when somebody asks. */
  #localAddress: NameAddr | undefined;
  #remoteAddress: NameAddr | undefined;
  #state: DialogState = "early";
  #localSequence: number;
  #remoteSequence: number | undefined;
  #remoteTarget: SIPURI;
  #routeSet: readonly NameAddr[];

  private constructor(parts: DialogParts) {
    this.caller = parts.caller;
    this.callId = parts.callId;
    this.#local = parts.local;
    this.#remote = parts.remote;
    this.localTag = parts.localTag;
    this.remoteTag = parts.remoteTag;
    this.#localSequence = parts.localSequence;
    this.#remoteSequence = parts.remoteSequence;
    this.#remoteTarget = parts.remoteTarget;
    this.#routeSet = parts.routeSet;
  }

  /** The caller's side (RFC 3261 §12.1.2): from our INVITE and a response to it that carries a To tag, or a 2xx that should have. */
  static fromResponse(request: SIPRequest, response: SIPResponse): Dialog {
    return new Dialog({
      caller: true,
      callId: request.callId,
      local: request.headers.get("From") ?? "",
      localTag: request.from.tag ?? "",
      remote: response.headers.get("To") ?? "",
      remoteTag: response.to.tag ?? "",
      localSequence: request.cseq.sequence,
      remoteSequence: undefined,
      // A response without Contact breaks §12.1.1; its sender can still be reached where the INVITE went.
      remoteTarget: targetOf(response) ?? sipURI(request),
      routeSet: response.recordRoutes.toReversed(),
    });
  }

  /** The callee's side (RFC 3261 §12.1.1): from the INVITE received and the tag that our responses carry. */
  static fromRequest(request: SIPRequest, localTag: string): Dialog {
    const { from } = request;
    const local = request.headers.get("To") ?? "";
    return new Dialog({
      caller: false,
      callId: request.callId,
      local: request.to.tag === undefined ? `${local};tag=${localTag}` : local,
      localTag,
      remote: request.headers.get("From") ?? "",
      remoteTag: from.tag ?? "",
      // Where our own numbering begins is free (§12.2.1.1).
      localSequence: 0,
      remoteSequence: request.cseq.sequence,
      remoteTarget: targetOf(request) ?? (from.uri instanceof SIPURI ? from.uri : sipURI(request)),
      routeSet: request.recordRoutes,
    });
  }

  /** The key of a dialog among a user agent's: Call-ID and the two tags, ours first. */
  static key(callId: string, localTag: string, remoteTag: string): string {
    return `${callId}\n${localTag}\n${remoteTag}`;
  }

  /** The key of the dialog that a request received inside a dialog belongs to. */
  static keyOf(request: SIPRequest): string {
    return Dialog.key(request.callId, request.to.tag ?? "", request.from.tag ?? "");
  }

  /** Our From, with its tag. */
  get local(): NameAddr {
    return (this.#localAddress ??= NameAddr.parse(this.#local));
  }

  /** Our To, with its tag. */
  get remote(): NameAddr {
    return (this.#remoteAddress ??= NameAddr.parse(this.#remote));
  }

  get id(): string {
    return Dialog.key(this.callId, this.localTag, this.remoteTag);
  }

  get state(): DialogState {
    return this.#state;
  }

  /** The CSeq number of our last request. */
  get localSequence(): number {
    return this.#localSequence;
  }

  /** The CSeq number of the far end's last request. */
  get remoteSequence(): number | undefined {
    return this.#remoteSequence;
  }

  /** Where the far end wants requests: its last Contact. */
  get remoteTarget(): SIPURI {
    return this.#remoteTarget;
  }

  /** The proxies that stay in the path, nearest first. */
  get routeSet(): readonly NameAddr[] {
    return this.#routeSet;
  }

  /** The URI whose host gets our requests first (RFC 3261 §8.1.2), be that hop a loose or a strict router. */
  get nextHop(): SIPURI {
    const first = this.#routeSet[0]?.uri;
    return first instanceof SIPURI ? first : this.#remoteTarget;
  }

  /** By a 2xx. The caller hands it over: its Record-Route replaces the early dialog's route set (RFC 3261 §13.2.2.4). */
  confirm(response?: SIPResponse): void {
    if (this.#state !== "early") return;
    this.#state = "confirmed";
    if (response === undefined) return;
    this.#routeSet = response.recordRoutes.toReversed();
    this.refreshTarget(response);
  }

  terminate(): void {
    this.#state = "terminated";
  }

  /**
   * Notes a request received in the dialog.
   * @returns false when it is out of order: to be answered 500 (RFC 3261 §12.2.2)
   */
  accept(request: SIPRequest): boolean {
    const { sequence } = request.cseq;
    if (this.#remoteSequence !== undefined && sequence < this.#remoteSequence) return false;
    this.#remoteSequence = sequence;
    return true;
  }

  /** Target refresh by the Contact of a re-INVITE, an UPDATE, or a 2xx to one (RFC 3261 §12.2). The route set never changes. */
  refreshTarget(message: SIPMessage): void {
    this.#remoteTarget = targetOf(message) ?? this.#remoteTarget;
  }

  /**
   * A request inside the dialog (RFC 3261 §12.2.1.1), without Via and Contact: those depend on the destination.
   * Takes the next CSeq number, unless told one.
   */
  createRequest(method: string, options: DialogRequestOptions = {}): SIPRequest {
    const sequence = options.sequence ?? ++this.#localSequence;
    const headers: [string, string][] = [];
    let uri = this.#remoteTarget;
    let routes = this.#routeSet.map(String);
    const first = this.#routeSet[0]?.uri;
    if (first instanceof SIPURI && !first.params.has("lr")) {
      // A strict router (RFC 2543) takes the Request-URI for its own address; the target travels as the last Route.
      routes = [...routes.slice(1), `<${this.#remoteTarget.toString()}>`];
      uri = first.forRequest();
    }
    for (const route of routes) headers.push(["Route", route]);
    headers.push(
      ["Max-Forwards", "70"],
      ["From", this.#local],
      ["To", this.#remote],
      ["Call-ID", this.callId],
      ["CSeq", `${sequence} ${method}`],
    );
    for (const [name, value] of options.headers ?? []) headers.push([name, value]);
    if (options.body === undefined) return SIPRequest.create({ method, uri, headers });
    headers.push(["Content-Type", options.body.contentType]);
    return SIPRequest.create({ method, uri, headers, body: options.body.content });
  }
}

function targetOf(message: SIPMessage): SIPURI | undefined {
  const uri = message.contact?.uri;
  return uri instanceof SIPURI ? uri : undefined;
}

function sipURI(request: SIPRequest): SIPURI {
  if (request.uri instanceof SIPURI) return request.uri;
  throw new TypeError(`a dialog needs a SIP address to send to; ${request.method} ${request.uri.toString()} names none`);
}
