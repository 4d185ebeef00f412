import type { SIPRequest } from "../message/SIPRequest.ts";
import { newTag } from "../message/random.ts";
import { SIPURI } from "../message/SIPURI.ts";
import { eventOf } from "../refer/event.ts";
import { type ReferHandler, receiveRefer } from "../refer/receiveRefer.ts";
import { replacementOf } from "../refer/replacing.ts";
import type { ServerTransaction } from "../transaction/transaction.ts";
import { Dialog } from "./Dialog.ts";
import type { DialogOwner } from "./DialogOwner.ts";
import { type RequestHandler, settleHandler, wording } from "./handling.ts";
import { InviteSession } from "./InviteSession.ts";
import { hasTag } from "./reliable.ts";
import { respond, type RespondOptions } from "./response.ts";
import { cameAskingForTLS } from "./secure.ts";
import { intervalRefusal } from "./sessionExpires.ts";
import { ServerInviteSession } from "./ServerInviteSession.ts";
import type { UserAgent } from "./UserAgent.ts";

/** What the client decides about requests from outside any dialog. */
export interface UserAgentServerOptions {
  /** Whether a request to that URI is for us. */
  readonly accepts: (request: SIPRequest) => boolean;
  /** The option tags that may stand in Require. */
  readonly supported: () => readonly string[];
  /** Takes a new call; undefined while nobody does. */
  readonly inviteHandler: () => ((session: ServerInviteSession, request: SIPRequest) => void) | undefined;
  /** Takes other requests. */
  readonly handlerOf: (method: string) => RequestHandler | undefined;
  readonly referHandler: () => ReferHandler | undefined;
  /** Whether an INVITE is one of ours that has come back. */
  readonly isOwn: (invite: SIPRequest) => boolean;
  readonly addSession: (session: ServerInviteSession) => void;
}

/** Somebody of ours that NOTIFYs come to: a REFER sent outside any call, or a subscription. */
export interface Subscriber {
  matches(notify: SIPRequest): boolean;
  /** Its 200 has been sent. */
  receive(notify: SIPRequest): void;
}

interface Entry {
  readonly dialog: Dialog;
  readonly owner: DialogOwner;
}

/** Requests that make sense inside a dialog only: RFC 3261 §15.1.2, RFC 3262 §3, RFC 3311 §5.2, RFC 6086 §4.2.2. */
const DIALOG_ONLY: ReadonlySet<string> = new Set(["BYE", "PRACK", "UPDATE", "INFO"]);

/** Decides what becomes of each request received, in the order of RFC 3261 §8.2: dialog, method, headers, addressee. */
export class UserAgentServer {
  readonly #ua: UserAgent;
  readonly #options: UserAgentServerOptions;
  readonly #dialogs = new Map<string, Entry>();
  /** By Call-ID and our tag. */
  readonly #subscribers = new Map<string, Subscriber>();

  constructor(ua: UserAgent, options: UserAgentServerOptions) {
    this.#ua = ua;
    this.#options = options;
  }

  /** Dialogs that requests can still belong to. */
  get dialogs(): number {
    return this.#dialogs.size;
  }

  /** Whether a request belongs to a dialog or subscription that we have. */
  isExpected(request: SIPRequest): boolean {
    const { tag } = request.to;
    return tag !== undefined && (this.#dialogs.has(Dialog.keyOf(request)) || this.#subscribers.has(`${request.callId}\n${tag}`));
  }

  add(dialog: Dialog, owner: DialogOwner): void {
    this.#dialogs.set(dialog.id, { dialog, owner });
  }

  remove(dialog: Dialog): void {
    if (this.#dialogs.get(dialog.id)?.dialog === dialog) this.#dialogs.delete(dialog.id);
  }

  /** Forgets what is left, without a word to anybody. */
  clear(): void {
    for (const { dialog, owner } of this.#dialogs.values()) owner.forget(dialog);
  }

  /** A REFER or SUBSCRIBE of ours from outside any call: its NOTIFYs name our tag, and whoever took it. */
  addSubscriber(callId: string, localTag: string, subscriber: Subscriber): void {
    this.#subscribers.set(`${callId}\n${localTag}`, subscriber);
  }

  removeSubscriber(callId: string, localTag: string): void {
    this.#subscribers.delete(`${callId}\n${localTag}`);
  }

  receiveAck(ack: SIPRequest): void {
    // An ACK to a dialog that is gone has nobody to be answered by (RFC 3261 §17: ACK has no response).
    this.#dialogs.get(Dialog.keyOf(ack))?.owner.receiveAck(ack);
  }

  receive(tx: ServerTransaction): void {
    const { request } = tx;
    if (request.method === "CANCEL") {
      // The layer answers those that match an INVITE.
      this.#respond(tx, 481);
      return;
    }
    const inDialog = request.to.tag === undefined ? this.#dialogOfUntagged(request) : this.#dialogs.get(Dialog.keyOf(request));
    if (request.to.tag !== undefined && inDialog === undefined) {
      if (!this.#receiveNotify(tx, request.to.tag)) this.#respond(tx, 481);
      return;
    }
    const supported = this.#options.supported();
    const required = request.headers.has("Require") ? request.headers.getAll("Require") : [];
    const unsupported = required.filter((tag) => !supported.includes(tag.toLowerCase()));
    if (unsupported.length > 0) {
      this.#respond(tx, 420, { headers: [["Unsupported", unsupported.join(", ")]] });
    } else if (inDialog !== undefined) {
      inDialog.owner.receive(tx, inDialog.dialog);
    } else {
      this.#receiveOutside(tx);
    }
  }

  /**
   * pyVoIP 2.0 hangs up a call that it placed by a BYE without a To tag. Refused, it would leave us in a call that nobody is in; who knows
   * the Call-ID and the caller's tag was in the call's path. Only a BYE: anything else without that tag begins something new.
   */
  #dialogOfUntagged({ method, callId, from }: SIPRequest): Entry | undefined {
    if (method !== "BYE") return undefined;
    const found = [...this.#dialogs.values()].filter(({ dialog }) => dialog.callId === callId && dialog.remoteTag === from.tag);
    return found.length === 1 ? found[0] : undefined;
  }

  #receiveNotify(tx: ServerTransaction, localTag: string): boolean {
    const { request } = tx;
    const subscriber = request.method === "NOTIFY" ? this.#subscribers.get(`${request.callId}\n${localTag}`) : undefined;
    if (subscriber?.matches(request) !== true) return false;
    this.#respond(tx, 200);
    subscriber.receive(request);
    return true;
  }

  #receiveOutside(tx: ServerTransaction): void {
    const { request } = tx;
    const { method } = request;
    const ua = this.#ua;
    const invited = method === "INVITE" ? this.#options.inviteHandler() : undefined;
    const refers = method === "REFER" ? this.#options.referHandler() : undefined;
    const handler = this.#options.handlerOf(method);
    if (method === "OPTIONS") {
      // To whomever it is addressed: servers ping phones with it, under all sorts of names.
      const supported: [string, string] = ["Supported", this.#options.supported().join(", ")];
      this.#respond(tx, 200, { headers: [["Allow", ua.allow()], ["Accept", ua.acceptedTypes()], supported] });
    } else if (DIALOG_ONLY.has(method) || (method === "NOTIFY" && handler === undefined)) {
      // RFC 6665 §4.1.3 for a NOTIFY that nobody subscribed to; an application that takes such (message waiting) sets its handler.
      this.#respond(tx, 481);
    } else if (method === "SUBSCRIBE" && this.#options.referHandler() !== undefined) {
      // Our one event package is refer, and only a REFER subscribes to it (RFC 3515 §2.4.4).
      this.#respond(tx, eventOf(request)?.type === "refer" ? 403 : 489, { headers: [["Allow-Events", "refer"]] });
    } else if (invited === undefined && handler === undefined && refers === undefined) {
      this.#respond(tx, 405, { headers: [["Allow", ua.allow()]] });
    } else if (!(request.uri instanceof SIPURI)) {
      this.#respond(tx, 416);
    } else if (!this.#options.accepts(request)) {
      // RFC 3261 §16.3: who would forward a request that has no hop left, refuses it; a user agent that it is for takes it (§8.2, RFC 4475
      // §3.1.1.3). What is not for us can only be going in circles.
      this.#respond(tx, request.maxForwards === 0 ? 483 : 404);
    } else if (invited !== undefined) {
      this.#invite(tx, invited);
    } else if (refers !== undefined) {
      this.#refer(tx, refers);
    } else if (handler !== undefined) {
      this.#delegate(tx, handler);
    }
  }

  #invite(tx: ServerTransaction, handler: (session: ServerInviteSession, request: SIPRequest) => void): void {
    const { request } = tx;
    const refusal = this.#refusalOf(request);
    if (refusal !== undefined) {
      this.#respond(tx, ...refusal);
      return;
    }
    const replacement = replacementOf(request, ({ callId, toTag, fromTag }) => {
      const found = this.#dialogs.get(Dialog.key(callId, toTag, fromTag));
      return found?.owner instanceof InviteSession ? { dialog: found.dialog, session: found.owner } : undefined;
    });
    if (replacement !== undefined && "status" in replacement) {
      this.#respond(tx, replacement.status, { reason: replacement.reason });
      return;
    }
    const session = new ServerInviteSession(this.#ua, tx, replacement?.session);
    this.#options.addSession(session);
    try {
      handler(session, request);
    } catch (error) {
      this.#ua.report(error);
      if (session.state === "incoming") session.reject(500);
    }
  }

  /** What an extension of ours has against an INVITE. */
  #refusalOf(invite: SIPRequest): [number, RespondOptions] | undefined {
    const { extensions } = this.#ua;
    // The merged request of RFC 3261 §8.2.2.2, which matches an ongoing transaction that is a client's: a proxy sends us our own call.
    if (this.#options.isOwn(invite)) return [482, {}];
    const reliably = hasTag(invite, "Supported", "100rel") || hasTag(invite, "Require", "100rel");
    if (extensions.rel100 === "required" && !reliably) return [421, { headers: [["Require", "100rel"]] }];
    const tooSmall = intervalRefusal(invite, extensions);
    return tooSmall === undefined ? undefined : [422, { headers: [tooSmall] }];
  }

  /** A REFER from outside any call makes a dialog of its own (RFC 3515 §2.4.4). */
  #refer(tx: ServerTransaction, handler: ReferHandler): void {
    const ua = this.#ua;
    const localTag = newTag();
    const contact: [string, string] = ["Contact", ua.contactFor(tx.from, cameAskingForTLS(tx.request))];
    receiveRefer(handler, {
      ua,
      tx,
      session: undefined,
      dialog: () => Dialog.fromRequest(tx.request, localTag),
      respond: (status, options) =>
        this.#respond(tx, status, status < 300 ? { ...options, headers: [contact, ...(options.headers ?? [])] } : options, localTag),
    });
  }

  #delegate(tx: ServerTransaction, handler: RequestHandler): void {
    settleHandler(
      this.#ua,
      () => handler(tx.request),
      (answer) => this.#respond(tx, ...wording(answer)),
      ({ status, reason, headers }) => this.#respond(tx, status, { reason, headers }),
    );
  }

  #respond(tx: ServerTransaction, status: number, options: RespondOptions = {}, toTag?: string): void {
    respond(this.#ua, tx, status, { ...options, toTag });
  }
}
