import { Params } from "../message/Params.ts";

/** A dialog that a new INVITE takes the place of (RFC 3891 §6.1), as the recipient of the INVITE knows it. */
export interface Replaces {
  readonly callId: string;
  /** The recipient's own tag in the dialog. */
  readonly toTag: string;
  /** The other side's. */
  readonly fromTag: string;
  /** Only while nobody has answered. */
  readonly earlyOnly: boolean;
}

/** Undefined when a part is missing. */
export function parseReplaces(text: string): Replaces | undefined {
  const semicolon = text.indexOf(";");
  if (semicolon < 0) return undefined;
  const callId = text.slice(0, semicolon).trim();
  let params: Params;
  try {
    params = Params.parse(text.slice(semicolon));
  } catch {
    return undefined;
  }
  const toTag = params.text("to-tag");
  const fromTag = params.text("from-tag");
  if (callId === "" || toTag === undefined || fromTag === undefined) return undefined;
  return { callId, toTag, fromTag, earlyOnly: params.has("early-only") };
}

export function writeReplaces({ callId, toTag, fromTag, earlyOnly }: Replaces): string {
  return `${callId};to-tag=${toTag};from-tag=${fromTag}${earlyOnly ? ";early-only" : ""}`;
}
