import { type ClientHandlers, type Extensions, supportedTags } from "./dialog/capabilities.ts";
import type { Identity } from "./dialog/Identity.ts";
import { asksForTLS } from "./dialog/secure.ts";
import type { SIPMessage } from "./message/SIPMessage.ts";
import { SIPRequest } from "./message/SIPRequest.ts";
import { SIPResponse } from "./message/SIPResponse.ts";
import type { SIPURI } from "./message/SIPURI.ts";
import type { Endpoint } from "./transport/transport.ts";

/** Requests whose Supported, and that of their responses, others go by. */
const EXTENSIBLE: ReadonlySet<string> = new Set(["INVITE", "UPDATE", "OPTIONS", "REFER", "PRACK"]);

/** The option tags of Supported, and as it is written. */
export interface Supported {
  readonly tags: readonly string[];
  readonly text: string;
}

export interface WordingOptions {
  readonly identity: Identity;
  /** Through which requests leave that begin something. */
  readonly proxy: SIPURI | undefined;
  readonly userAgent: string | undefined;
  readonly client: ClientHandlers;
  readonly extensions: Extensions;
  /** Option tags of the application's. */
  readonly others: readonly string[];
}

/** What all messages of one client carry. */
export class Wording {
  readonly #options: WordingOptions;
  #supported: (Supported & { readonly onInvite: unknown }) | undefined;

  constructor(options: WordingOptions) {
    this.#options = options;
  }

  complete(message: SIPMessage, destination: Endpoint | undefined): void {
    const { identity, proxy, userAgent } = this.#options;
    const isRequest = message instanceof SIPRequest;
    if (isRequest && destination !== undefined && message.headers.has("Contact") && asksForTLS(message)) {
      message.headers.set("Contact", identity.contactFor(destination, true));
    }
    if (isRequest && proxy !== undefined && message.to.tag === undefined && !message.headers.has("Route")) {
      message.headers.set("Route", `<${proxy.toString()}>`);
    }
    if (userAgent !== undefined) message.headers.set(isRequest ? "User-Agent" : "Server", userAgent);
    // RFC 3261 §13.2.1, §13.3.1.4, §20.37: where it can make a difference.
    if (EXTENSIBLE.has(message.cseq.method) && !(message instanceof SIPResponse && message.statusCode >= 300) && !message.headers.has("Supported")) {
      message.headers.set("Supported", this.supported.text);
    }
  }

  /** It changes with the handlers, which hardly ever change, and is asked for with every message. */
  get supported(): Supported {
    const { client, extensions, others } = this.#options;
    const { onInvite } = client;
    if (this.#supported === undefined || this.#supported.onInvite !== onInvite) {
      const tags = supportedTags(client, extensions, others);
      this.#supported = { onInvite, tags, text: tags.join(", ") };
    }
    return this.#supported;
  }
}
