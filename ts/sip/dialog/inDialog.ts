import type { SIPRequest } from "../message/SIPRequest.ts";
import type { Dialog, DialogRequestOptions } from "./Dialog.ts";
import type { OutgoingRequestOptions } from "./OutgoingRequest.ts";
import type { UserAgent } from "./UserAgent.ts";

/** Methods whose 2xx and requests carry a Contact that moves the dialog's target (RFC 3261 §12.2, RFC 3311 §5, RFC 6665 §4.4.1). */
export const TARGET_REFRESH: ReadonlySet<string> = new Set(["INVITE", "UPDATE", "SUBSCRIBE", "NOTIFY", "REFER"]);

/**
 * How a request of a dialog is built and where it goes.
 * @param finish adds what else it needs, before the last look of `prepare`
 */
export function inDialog(
  ua: UserAgent,
  dialog: Dialog,
  method: string,
  options: DialogRequestOptions,
  finish: (request: SIPRequest) => void = () => {},
): Pick<OutgoingRequestOptions, "destinations" | "build"> {
  return {
    destinations: () => ua.locate(dialog.nextHop),
    build: (destination) => {
      const request = dialog.createRequest(method, options);
      if (TARGET_REFRESH.has(method)) request.headers.set("Contact", ua.contactFor(destination));
      finish(request);
      ua.prepare(request, destination);
      return request;
    },
  };
}
