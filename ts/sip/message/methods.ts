import { byteAt } from "./glass.ts";
import { SIPMethod } from "./SIPMethod.ts";

/** Our methods by length and first letter, which no two of them share. */
const methods: (string | undefined)[] = [];
for (const method of Object.values(SIPMethod)) methods[(method.charCodeAt(0) << 4) | method.length] = method;

/**
 * The method in [start, end) of the message under the glass (see glass.ts). Those we know are always the same string, not a copy, so that
 * comparing them is comparing pointers.
 */
export function methodAt(text: string, start: number, end: number): string {
  const length = end - start;
  const method = length < 16 ? methods[(byteAt(start) << 4) | length] : undefined;
  if (method === undefined) return text.slice(start, end);
  for (let i = 1; i < length; i++) if (byteAt(start + i) !== method.charCodeAt(i)) return text.slice(start, end);
  return method;
}
