import type { Dialog } from "../dialog/Dialog.ts";
import type { InviteSession } from "../dialog/InviteSession.ts";
import type { SIPRequest } from "../message/SIPRequest.ts";
import { parseReplaces, type Replaces } from "./replaces.ts";

/** The call that an INVITE wants to replace; or the status by which it is refused. */
export type Replacement = { readonly session: InviteSession } | { readonly status: number; readonly reason?: string };

/**
 * RFC 3891 §3.
 * @param find looks up a dialog by what the header says
 * @returns undefined for an INVITE that replaces nothing
 */
export function replacementOf(
  invite: SIPRequest,
  find: (replaces: Replaces) => { readonly dialog: Dialog; readonly session: InviteSession } | undefined,
): Replacement | undefined {
  const values = invite.headers.getAll("Replaces");
  const [value] = values;
  if (value === undefined) return undefined;
  const replaces = values.length === 1 ? parseReplaces(value) : undefined;
  if (replaces === undefined) return { status: 400, reason: "Bad Replaces" };
  const found = find(replaces);
  if (found === undefined) return { status: 481 };
  const { session, dialog } = found;
  if (session.state === "terminated" || dialog.state === "terminated") return { status: 603 };
  if (session.state === "confirmed") return replaces.earlyOnly ? { status: 486 } : { session };
  // A call that rings here is not for others to take: only who placed one may have it replaced.
  return session.kind === "client" ? { session } : { status: 481 };
}
