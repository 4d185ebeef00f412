/** The events 0–15 of RFC 4733 §3.2 in order. */
const SYMBOLS = "0123456789*#ABCD";

/** An event's digit, or undefined for one that is none (flash, tones). */
export function symbolOf(event: number): string | undefined {
  return SYMBOLS[event];
}

/** A digit's event. */
export function eventOf(symbol: string): number | undefined {
  const event = SYMBOLS.indexOf(symbol.toUpperCase());
  return symbol.length === 1 && event >= 0 ? event : undefined;
}
