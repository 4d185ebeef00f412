import type { SIPRequest } from "../message/SIPRequest.ts";
import { SIPResponse } from "../message/SIPResponse.ts";
import { SIPURI } from "../message/SIPURI.ts";
import type { ServerTransaction } from "../transaction/transaction.ts";
import { Dialog } from "./Dialog.ts";
import { type RequestHandler, type RespondOptions, settleHandler, wording } from "./handling.ts";
import type { InviteSession } from "./InviteSession.ts";
import { ServerInviteSession } from "./ServerInviteSession.ts";
import type { UserAgent } from "./UserAgent.ts";

/** What the client decides about requests from outside any dialog. */
export interface UserAgentServerOptions {
  /** Whether a request to that URI is for us. */
  readonly accepts: (request: SIPRequest) => boolean;
  /** The option tags that may stand in Require. */
  readonly supported: readonly string[];
  /** Takes a new call; undefined while nobody does. */
  readonly inviteHandler: () => ((session: ServerInviteSession, request: SIPRequest) => void) | undefined;
  /** Takes other requests. */
  readonly handlerOf: (method: string) => RequestHandler | undefined;
  readonly addSession: (session: ServerInviteSession) => void;
}

interface Entry {
  readonly dialog: Dialog;
  readonly session: InviteSession;
}

/** The methods that every session answers by itself. */
const OWN: readonly string[] = ["INVITE", "ACK", "CANCEL", "BYE", "OPTIONS"];
const HANDLED: readonly string[] = ["UPDATE", "INFO", "REFER", "NOTIFY", "MESSAGE"];

/** Decides what becomes of each request received, in the order of RFC 3261 §8.2: dialog, method, headers, addressee. */
export class UserAgentServer {
  readonly #ua: UserAgent;
  readonly #options: UserAgentServerOptions;
  readonly #dialogs = new Map<string, Entry>();
  /** Whose INVITE a CANCEL is about. */
  readonly #invites = new WeakMap<ServerTransaction, InviteSession>();

  constructor(ua: UserAgent, options: UserAgentServerOptions) {
    this.#ua = ua;
    this.#options = options;
  }

  /** Dialogs that requests can still belong to. */
  get dialogs(): number {
    return this.#dialogs.size;
  }

  add(dialog: Dialog, session: InviteSession): void {
    this.#dialogs.set(dialog.id, { dialog, session });
  }

  remove(dialog: Dialog): void {
    if (this.#dialogs.get(dialog.id)?.dialog === dialog) this.#dialogs.delete(dialog.id);
  }

  /** Forgets what is left, without a word to anybody. */
  clear(): void {
    for (const { dialog, session } of this.#dialogs.values()) session.forget(dialog);
  }

  /** The methods that get more than a 405. */
  allow(session: InviteSession | undefined): string {
    const own = session !== undefined || this.#options.inviteHandler() !== undefined ? OWN : ["OPTIONS"];
    const handlerOf = session === undefined ? this.#options.handlerOf : (method: string) => session.handlerOf(method);
    return [...own, ...HANDLED.filter((method) => handlerOf(method) !== undefined)].join(", ");
  }

  receiveAck(ack: SIPRequest): void {
    // An ACK to a dialog that is gone has nobody to be answered by (RFC 3261 §17: ACK has no response).
    this.#dialogs.get(Dialog.keyOf(ack))?.session.receiveAck(ack);
  }

  receiveCancel(tx: ServerTransaction, cancel: SIPRequest): void {
    this.#invites.get(tx)?.receiveCancel(tx, cancel);
  }

  receive(tx: ServerTransaction): void {
    const { request } = tx;
    if (request.method === "CANCEL") {
      // The layer answers those that match an INVITE.
      this.#respond(tx, 481);
      return;
    }
    const inDialog = request.to.tag === undefined ? undefined : this.#dialogs.get(Dialog.keyOf(request));
    if (request.to.tag !== undefined && inDialog === undefined) {
      this.#respond(tx, 481);
      return;
    }
    const unsupported = request.headers.getAll("Require").filter((tag) => !this.#options.supported.includes(tag.toLowerCase()));
    if (unsupported.length > 0) {
      this.#respond(tx, 420, { headers: [["Unsupported", unsupported.join(", ")]] });
    } else if (inDialog !== undefined) {
      if (request.method === "INVITE") this.#invites.set(tx, inDialog.session);
      inDialog.session.receive(tx, inDialog.dialog);
    } else {
      this.#receiveOutside(tx);
    }
  }

  #receiveOutside(tx: ServerTransaction): void {
    const { request } = tx;
    const { method } = request;
    const invited = method === "INVITE" ? this.#options.inviteHandler() : undefined;
    const handler = this.#options.handlerOf(method);
    if (method === "OPTIONS") {
      // To whomever it is addressed: servers ping phones with it, under all sorts of names.
      this.#respond(tx, 200, { headers: [["Allow", this.#ua.allow()], ["Accept", "application/sdp"], ["Supported", this.#options.supported.join(", ")]] });
    } else if (method === "BYE") {
      this.#respond(tx, 481);
    } else if (invited === undefined && handler === undefined) {
      this.#respond(tx, 405, { headers: [["Allow", this.#ua.allow()]] });
    } else if (!(request.uri instanceof SIPURI)) {
      this.#respond(tx, 416);
    } else if (!this.#options.accepts(request)) {
      this.#respond(tx, 404);
    } else if (invited !== undefined) {
      this.#invite(tx, invited);
    } else if (handler !== undefined) {
      this.#delegate(tx, handler);
    }
  }

  #invite(tx: ServerTransaction, handler: (session: ServerInviteSession, request: SIPRequest) => void): void {
    const session = new ServerInviteSession(this.#ua, tx);
    this.#invites.set(tx, session);
    this.#options.addSession(session);
    try {
      handler(session, tx.request);
    } catch (error) {
      this.#ua.report(error);
      if (session.state === "incoming") session.reject(500);
    }
  }

  #delegate(tx: ServerTransaction, handler: RequestHandler): void {
    settleHandler(
      this.#ua,
      () => handler(tx.request),
      (answer) => this.#respond(tx, ...wording(answer, tx.request)),
      ({ status, reason, headers }) => this.#respond(tx, status, { reason, headers }),
    );
  }

  #respond(tx: ServerTransaction, status: number, { body, reason, headers = [] }: RespondOptions = {}): void {
    const contentType: [string, string][] = body === undefined ? [] : [["Content-Type", body.contentType]];
    const response = SIPResponse.to(tx.request, status, { reason, headers: [...headers, ...contentType], body: body?.content });
    this.#ua.prepare(response);
    tx.respond(response);
  }
}
