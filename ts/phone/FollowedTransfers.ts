import { SIPURI } from "../sip/message/SIPURI.ts";
import type { IncomingRefer } from "../sip/refer/IncomingRefer.ts";
import type { ReferHandler } from "../sip/refer/receiveRefer.ts";
import type { SIPClient } from "../sip/SIPClient.ts";
import type { Calls } from "./Calls.ts";
import { CallState } from "./CallState.ts";
import { isAbout } from "./targetDialog.ts";
import { reportProgress, type TransferPolicy } from "./transfer.ts";
import type { VoIPCall } from "./VoIPCall.ts";
import type { VoIPPhone } from "./VoIPPhone.ts";

interface FollowedTransfersOptions {
  readonly phone: VoIPPhone;
  readonly calls: Calls;
  readonly policy: () => TransferPolicy;
  /** @throws InvalidStateError when the phone does not run any more */
  readonly client: () => SIPClient;
}

/** The far end of a call wants us to call somebody else (RFC 3515, RFC 5589): done if the policy agrees, and it is told how it goes. */
export class FollowedTransfers {
  readonly #parts: FollowedTransfersOptions;

  constructor(parts: FollowedTransfersOptions) {
    this.#parts = parts;
  }

  /** Takes the REFERs inside a call; undefined unless we follow any. */
  handlerOf(call: VoIPCall): ReferHandler | undefined {
    return this.#parts.policy() === false ? undefined : (refer) => this.#follow(refer, call);
  }

  /** Takes the REFERs from outside, which name the call that they are about (RFC 4538); undefined unless we follow any. */
  get handlerOutside(): ReferHandler | undefined {
    if (this.#parts.policy() === false) return undefined;
    return async (refer) => {
      for (const [call, { sip }] of this.#parts.calls.entries) {
        // Who knows the tags of a dialog is in it, or was told of it by who is (RFC 4538 §4): as good as a REFER inside.
        // oxlint-disable-next-line no-await-in-loop -- there is one such call at most
        if (isAbout(refer.request, sip.dialog)) return this.#follow(refer, call);
      }
    };
  }

  async #follow(refer: IncomingRefer, call: VoIPCall): Promise<void> {
    const { phone, calls, policy, client } = this.#parts;
    const { target, method } = refer;
    const agrees = policy();
    // Only a call that is up can be transferred, and only to an address that we can call.
    if (call.state !== CallState.ANSWERED || method !== "INVITE" || !(target instanceof SIPURI)) return;
    if (typeof agrees === "function" ? !(await agrees(refer, call)) : !agrees) return;
    // The call that is left makes room for the new one; but only for one, or a far end could have us call without end.
    if (calls.full(1)) {
      refer.reject(486);
      return;
    }
    const running = client();
    refer.accept();
    try {
      const next = await calls.place(running, target, undefined, refer.headers);
      reportProgress(next, refer);
      phone.emit("transferred", next, call);
    } catch (error) {
      refer.report(503);
      phone.reportCallError(call, error);
    }
  }
}
