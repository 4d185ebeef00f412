import type { Dialog } from "../sip/dialog/Dialog.ts";
import { Params } from "../sip/message/Params.ts";
import type { SIPMessage } from "../sip/message/SIPMessage.ts";
import type { SIPRequest } from "../sip/message/SIPRequest.ts";

/** The extension by which a request outside a dialog names one that its sender is in (RFC 4538). */
export const TARGET_DIALOG = "tdialog";

/** The dialog's name in a Target-Dialog header: the tags as its recipient sees them (RFC 4538 §3). */
export function targetDialog({ callId, localTag, remoteTag }: Dialog): string {
  return `${callId};local-tag=${remoteTag};remote-tag=${localTag}`;
}

/**
 * Whether the far end of a dialog takes a REFER outside of it (RFC 5589 §6.1): it knows Target-Dialog, and its Contact leads to it from outside,
 * too: because it is a GRUU (RFC 5627), or because there is nobody between us.
 */
export function takesTargetDialog(farEnd: SIPMessage, { remoteTarget }: Dialog, direct: boolean): boolean {
  const supported = farEnd.headers.getAll("Supported").some((tag) => tag.toLowerCase() === TARGET_DIALOG);
  return supported && (direct || remoteTarget.params.has("gr"));
}

/** Whether a request names that dialog, in which we are. */
export function isAbout(request: SIPRequest, dialog: Pick<Dialog, "callId" | "localTag" | "remoteTag"> | undefined): boolean {
  const value = request.headers.get("Target-Dialog");
  if (value === undefined || dialog === undefined) return false;
  const semicolon = value.indexOf(";");
  if (semicolon < 0 || value.slice(0, semicolon).trim() !== dialog.callId) return false;
  try {
    const params = Params.parse(value.slice(semicolon));
    const tags = [params.text("local-tag"), params.text("remote-tag")];
    // pyVoIP 2.0 names the tags as it sees them itself. Who knows both is in the dialog, whichever way round.
    return tags.includes(dialog.localTag) && tags.includes(dialog.remoteTag);
  } catch {
    return false;
  }
}
