import { VoIPCall, type VoIPPhone } from "../../ts/index.ts";
import { next } from "./support.ts";

/** Answers whoever calls. */
export class Answering extends VoIPCall {
  override async ringing(): Promise<void> {
    await this.answer();
  }
}

/** Leaves the caller waiting; the test decides. */
export class Waiting extends VoIPCall {
  override ringing(): void {}
}

/** `caller` calls `uri`, under which `callee` answers by itself. @returns the caller's call and the callee's, both answered */
export async function talk(caller: VoIPPhone, callee: VoIPPhone, uri: string): Promise<[VoIPCall, VoIPCall]> {
  const incoming = next(callee, "incoming");
  const call = await caller.call(uri);
  await next(call, "answered");
  const [far] = await incoming;
  return [call, far];
}
