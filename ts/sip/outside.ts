import { toURI } from "./address.ts";
import type { SIPBody } from "./dialog/body.ts";
import type { Identity } from "./dialog/Identity.ts";
import { transact } from "./dialog/OutgoingRequest.ts";
import type { UserAgent } from "./dialog/UserAgent.ts";
import { NameAddr } from "./message/NameAddr.ts";
import { newCallId } from "./message/random.ts";
import { SIPRequest } from "./message/SIPRequest.ts";
import type { SIPResponse } from "./message/SIPResponse.ts";
import type { SIPURI } from "./message/SIPURI.ts";

/** What a request outside any dialog carries. */
export interface OutsideRequestOptions {
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: SIPBody;
}

/** Requests outside a dialog that tell where to answer (RFC 3261 §8.1.1.8, RFC 6665 §4.1.2.1, RFC 3515 §2.2). */
const CONTACTED: ReadonlySet<string> = new Set(["OPTIONS", "SUBSCRIBE", "REFER", "NOTIFY"]);

/** A request outside any dialog (RFC 3261 §8.1.1), without Via and Contact. */
export function outsideRequest(identity: Identity, method: string, uri: SIPURI, { headers = [], body }: OutsideRequestOptions): SIPRequest {
  const own: (readonly [string, string])[] = [
    ["Max-Forwards", "70"],
    ["From", identity.from(uri.host).toString()],
    ["To", new NameAddr({ uri: toURI(uri) }).toString()],
    ["Call-ID", newCallId()],
    ["CSeq", `1 ${method}`],
    ...headers,
  ];
  if (body === undefined) return SIPRequest.create({ method, uri, headers: own });
  return SIPRequest.create({ method, uri, headers: [...own, ["Content-Type", body.contentType]], body: body.content });
}

/** Sends a request outside any dialog; each attempt is a copy under the next CSeq number. @returns its final response, whatever its status */
export function transactOutside(ua: UserAgent, uri: SIPURI, template: SIPRequest): Promise<SIPResponse> {
  const { method } = template;
  let { sequence } = template.cseq;
  return transact(ua, {
    method,
    destinations: () => ua.destinationsFor(uri),
    build: (destination) => {
      const request = template.clone();
      request.headers.set("CSeq", `${sequence} ${method}`);
      sequence += 1;
      if (!request.headers.has("Contact") && CONTACTED.has(method)) request.headers.set("Contact", ua.contactFor(destination));
      ua.prepare(request, destination);
      return request;
    },
  });
}
