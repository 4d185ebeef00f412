import { parseMessage, redact, SIPRequest, type TraceEntry } from "../../index.ts";

/** The lanes of the ladder, from left to right. */
export const LANES = ["Alice", "Registrar and proxy", "Bob"] as const;

/** A SIP message on its way from one lane to the next. */
export interface LadderMessage {
  readonly time: number;
  readonly from: number;
  readonly to: number;
  /** `INVITE`, `180 Ringing`. */
  readonly name: string;
  /** The method, of a response the one that it answers. */
  readonly method: string;
  /** 0 for a request. */
  readonly status: number;
  /** All of it, without its secrets. */
  readonly text: string;
  /** The same message had passed the same way before. */
  readonly repeated: boolean;
}

/**
 * The messages of a trace as rungs of a ladder.
 * @param trace what passed the registrar in the middle
 * @param alicePort tells Alice from Bob
 */
export function ladderOf(trace: readonly TraceEntry[], alicePort: number): LadderMessage[] {
  const seen = new Set<string>();
  return trace.map(({ time, direction, remote, bytes }) => {
    const message = parseMessage(bytes);
    const outer = remote.port === alicePort ? 0 : 2;
    const isRequest = message instanceof SIPRequest;
    const key = `${direction} ${remote.port} ${Buffer.from(bytes).toString("latin1")}`;
    const repeated = seen.has(key);
    seen.add(key);
    return {
      time,
      from: direction === "in" ? outer : 1,
      to: direction === "in" ? 1 : outer,
      name: isRequest ? message.method : message.heading.replace(/^SIP\/2\.0 /, ""),
      method: message.cseq.method,
      status: isRequest ? 0 : message.statusCode,
      text: redact(Buffer.from(bytes).toString("utf8")).replaceAll("\r\n", "\n").trimEnd(),
      repeated,
    };
  });
}
