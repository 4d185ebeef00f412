import { type URI, SIPURI } from "../message/SIPURI.ts";
import type { NameAddr } from "../message/NameAddr.ts";
import type { SIPResponse } from "../message/SIPResponse.ts";

/** RFC 3261 §21.3: these name other addresses of whom we call. A 305 names a proxy, a 380 other services: not for us to choose. */
const FOLLOWED: ReadonlySet<number> = new Set([300, 301, 302]);

/**
 * The target set of RFC 3261 §8.1.3.4, sans I/O: where redirections lead, the most wanted first, no address twice, and not for ever.
 */
export class Redirection {
  readonly #tried: SIPURI[];
  readonly #targets: { readonly uri: SIPURI; readonly q: number }[] = [];
  #left: number;

  /** @param limit how many addresses may be tried beyond the first */
  constructor(first: SIPURI, limit: number) {
    this.#tried = [first];
    this.#left = limit;
  }

  /** A final response other than 2xx has come. @returns whom to ask next; undefined when the response is the last word */
  next(response: SIPResponse): SIPURI | undefined {
    const status = response.statusCode;
    // RFC 3261 §8.1.3.4, §21.6: a 6xx holds for every address.
    if (status >= 600) return undefined;
    if (FOLLOWED.has(status)) this.#add(response.contacts);
    return this.further();
  }

  /** Whom to ask when the last one could not be asked. */
  further(): SIPURI | undefined {
    const target = this.#left > 0 ? this.#targets.shift() : undefined;
    if (target === undefined) return undefined;
    this.#left -= 1;
    this.#tried.push(target.uri);
    return target.uri;
  }

  #add(contacts: readonly NameAddr[]): void {
    for (const { uri, params } of contacts) {
      if (!isUsable(uri) || this.#knows(uri)) continue;
      this.#targets.push({ uri, q: qualityOf(params.text("q")) });
    }
    this.#targets.sort((a, b) => b.q - a.q);
  }

  #knows(uri: SIPURI): boolean {
    return this.#tried.some((tried) => tried.equals(uri)) || this.#targets.some((target) => target.uri.equals(uri));
  }
}

function isUsable(uri: URI): uri is SIPURI {
  return uri instanceof SIPURI;
}

/** Without a q, an address is as good as any (RFC 3261 §20.10). */
function qualityOf(text: string | undefined): number {
  const q = Number.parseFloat(text ?? "1");
  return q >= 0 && q <= 1 ? q : 1;
}
