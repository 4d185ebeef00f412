import type { InviteSession } from "./InviteSession.ts";
import type { Rel100 } from "./reliable.ts";

/** What the application has installed outside any call. */
export interface ClientHandlers {
  readonly onInvite?: unknown;
  readonly onMessage?: unknown;
  readonly onNotify?: unknown;
  readonly onRefer?: unknown;
}

/** What an application sets about the extensions that the stack itself speaks. */
export interface Extensions {
  readonly rel100: Rel100;
  /** Seconds; 0 for no session timers. */
  readonly sessionExpires: number;
  readonly minSE: number;
  readonly followRedirects: number;
}

/** The methods that every session answers by itself. */
const IN_CALLS = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, NOTIFY";

/** The value of Allow: the methods that get more than a 405, in that session or outside any. */
export function allowed(session: InviteSession | undefined, client: ClientHandlers, { rel100 }: Extensions): string {
  // It goes into most messages: no lists.
  if (session === undefined && client.onInvite === undefined) {
    return `OPTIONS${when("MESSAGE", client.onMessage)}${when("NOTIFY", client.onNotify)}${when("REFER", client.onRefer)}`;
  }
  const { onRefer, onMessage } = session ?? client;
  return `${IN_CALLS}${rel100 === "off" ? "" : ", PRACK"}${when("INFO", session?.onInfo)}${when("REFER", onRefer)}${when("MESSAGE", onMessage)}`;
}

/** The option tags of Supported, which Require may name, too. */
export function supportedTags(client: ClientHandlers, { rel100, sessionExpires }: Extensions, others: readonly string[]): readonly string[] {
  const tags = new Set(others.map((tag) => tag.toLowerCase()));
  if (rel100 !== "off") tags.add("100rel");
  if (sessionExpires > 0) tags.add("timer");
  if (client.onInvite !== undefined) tags.add("replaces");
  tags.add("norefersub");
  return [...tags];
}

/** The value of Accept: the bodies that are understood. */
export function acceptedTypes(session: InviteSession | undefined, client: ClientHandlers): string {
  const types = ["application/sdp", "message/sipfrag"];
  if (session?.onInfo !== undefined) types.push("application/dtmf-relay");
  if ((session ?? client).onMessage !== undefined) types.push("text/plain");
  return types.join(", ");
}

function when(method: string, handler: unknown): string {
  return handler === undefined ? "" : `, ${method}`;
}
