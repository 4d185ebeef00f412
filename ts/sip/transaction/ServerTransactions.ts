import { createHash } from "node:crypto";
import type { SIPParseError } from "../errors.ts";
import { newTag } from "../message/random.ts";
import type { SIPRequest } from "../message/SIPRequest.ts";
import { SIPResponse } from "../message/SIPResponse.ts";
import type { Endpoint } from "../transport/transport.ts";
import { mergeKey, serverKey } from "./matching.ts";
import { ServerShell } from "./ServerShell.ts";
import type { Surroundings } from "./Shell.ts";
import type { ServerTransaction } from "./transaction.ts";
import { returnPath, stampVia } from "./via.ts";

/** Seconds after which a request that was one too many may come again: about as long as transactions live on after their last response. */
const RETRY_AFTER = 30;

/** What the server half of a layer tells the layer's user. */
export interface ServerUser {
  onRequest(transaction: ServerTransaction, request: SIPRequest): void;
  onAck(ack: SIPRequest, from: Endpoint): void;
  onCancel(transaction: ServerTransaction, cancel: SIPRequest): void;
}

export interface ServerTransactionsOptions {
  readonly user: ServerUser;
  readonly surroundings: Surroundings;
  /** So many transactions at a time, before what begins something new is turned away. */
  readonly limit: number;
  /** Whether a request belongs to something that there is already: then it is never one too many. */
  readonly isExpected: (request: SIPRequest) => boolean;
  /** Calls a user's callback so that nothing it throws goes further. @param failed when it has thrown */
  readonly tell: (callback: () => unknown, during: string, failed?: () => void) => void;
  /** A response without a transaction has not left. */
  readonly unsent: (error: unknown, during: string) => void;
}

/**
 * The requests that come: each finds its transaction or begins one (RFC 3261 §17.2.3), merged requests, CANCELs and what cannot be read are
 * answered, and so is, without keeping anything of it, what comes in a flood.
 */
export class ServerTransactions {
  readonly #options: ServerTransactionsOptions;
  readonly #shells = new Map<string, ServerShell>();
  /** By {@link mergeKey}: those that another copy of their request would merge with. */
  readonly #mergeable = new Map<string, ServerShell>();

  constructor(options: ServerTransactionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#shells.size;
  }

  close(): void {
    for (const shell of this.#shells.values()) shell.close();
    this.#shells.clear();
    this.#mergeable.clear();
  }

  receive(request: SIPRequest, from: Endpoint): void {
    if (request.method === "ACK") {
      this.#receiveAck(request, from);
      return;
    }
    const key = serverKey(request, request.method);
    const known = this.#shells.get(key);
    if (known) {
      known.receive(request);
      return;
    }
    const invite = request.method === "CANCEL" ? this.#inviteOf(request) : undefined;
    const merging = mergeKey(request);
    stampVia(request, from);
    if (invite === undefined && this.#shells.size >= this.#options.limit && !this.#options.isExpected(request)) {
      const headers: [string, string][] = [["Retry-After", String(RETRY_AFTER)]];
      this.#refuse(request, from, SIPResponse.to(request, 503, { headers, toTag: tagFor(request.toBytes()) }));
      return;
    }
    this.#begin(request, from, key, merging, invite);
  }

  #receiveAck(ack: SIPRequest, from: Endpoint): void {
    const invite = this.#inviteOf(ack);
    stampVia(ack, from);
    if (invite) invite.receive(ack);
    else this.acknowledged(ack, from);
  }

  #begin(request: SIPRequest, from: Endpoint, key: string, merging: string | undefined, invite: ServerShell | undefined): void {
    const shell = new ServerShell(request, from, this.#options.surroundings, this, key, merging);
    this.#shells.set(key, shell);
    if (merging !== undefined && !this.#mergeable.has(merging)) this.#mergeable.set(merging, shell);
    shell.start(() => {
      const { user } = shell;
      if (merging !== undefined && this.#mergeable.get(merging) !== shell) {
        shell.respond(SIPResponse.to(request, 482));
      } else if (invite) {
        this.#cancelled(invite, shell, request);
      } else if (user !== undefined) {
        const failed = (): void => shell.respond(SIPResponse.to(request, 500));
        this.#options.tell(() => this.#options.user.onRequest(user, request), "onRequest", failed);
      }
    });
  }

  /** RFC 3261 §9.2. */
  #cancelled(invite: ServerShell, shell: ServerShell, cancel: SIPRequest): void {
    shell.respond(SIPResponse.to(cancel, 200, { toTag: invite.toTag ?? newTag() }));
    const { user } = invite;
    if (user === undefined) return;
    const failed = (): void => invite.respond(SIPResponse.to(user.request, 487));
    const tell = (): void => (user.onCancel === undefined ? this.#options.user.onCancel(user, cancel) : user.onCancel(cancel));
    this.#options.tell(tell, "onCancel", failed);
  }

  /** The INVITE that an ACK or CANCEL is about. */
  #inviteOf(request: SIPRequest): ServerShell | undefined {
    const invite = this.#shells.get(serverKey(request, "INVITE"));
    if (invite || request.method !== "ACK") return invite;
    // The older matching rule: the To tag is the one of our response, which the first INVITE had not.
    const first = this.#shells.get(serverKey(request, "INVITE", ""));
    return first && first.toTag === request.to.tag ? first : undefined;
  }

  /** @returns false when there is nobody to answer, or no way */
  refuseUnparsable(message: Uint8Array, { request, status }: SIPParseError, from: Endpoint): boolean {
    if (!request || request.method === "ACK") return false;
    try {
      stampVia(request, from);
      this.#refuse(request, from, SIPResponse.to(request, status, { toTag: tagFor(message) }));
      return true;
    } catch {
      return false;
    }
  }

  /** Answers without keeping state (RFC 3261 §8.2.7). */
  #refuse(request: SIPRequest, from: Endpoint, response: SIPResponse): void {
    const { surroundings, unsent } = this.#options;
    const way = returnPath(request.via, from, surroundings.isReliable(from.protocol));
    surroundings.sendBack(response.toBytes(), way).catch((error: unknown) => unsent(error, "refusing a request"));
  }

  // ---- what transactions report ----

  /** @internal */
  acknowledged(ack: SIPRequest, from: Endpoint): void {
    this.#options.tell(() => this.#options.user.onAck(ack, from), "onAck");
  }

  /** @internal */
  ended(shell: ServerShell): void {
    const { key, merging } = shell;
    this.#shells.delete(key);
    if (merging !== undefined && this.#mergeable.get(merging) === shell) this.#mergeable.delete(merging);
  }
}

/** The same request gets the same tag, though nobody remembers it. */
function tagFor(message: Uint8Array): string {
  return createHash("sha256").update(message).digest("hex").slice(0, 16);
}
