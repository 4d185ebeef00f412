import { settleHandler } from "../dialog/handling.ts";
import { IncomingRefer, type ReferSurroundings } from "./IncomingRefer.ts";

/** Takes a REFER, or refuses it. */
export type ReferHandler = (refer: IncomingRefer) => void | Promise<void>;

/** Hands a REFER to the application. @returns undefined for one that cannot be read (400) */
export function receiveRefer(handler: ReferHandler, surroundings: ReferSurroundings): IncomingRefer | undefined {
  const { tx, respond, ua } = surroundings;
  // RFC 3515 §2.4.1: exactly one.
  if (tx.request.headers.getAll("Refer-To").length !== 1) {
    respond(400, { reason: "Bad Refer-To" });
    return undefined;
  }
  let refer: IncomingRefer;
  try {
    refer = new IncomingRefer(surroundings);
  } catch {
    respond(400, { reason: "Bad Refer-To" });
    return undefined;
  }
  settleHandler(
    ua,
    () => handler(refer),
    () => {
      if (refer.state === "new") refer.reject();
    },
    ({ status, reason, headers }) => {
      if (refer.state === "new") refer.reject(status, reason, headers);
    },
  );
  return refer;
}
