import { CLASSES, COLON, CR, LF, SPACE, TAB, TOKEN } from "./characters.ts";

/**
 * The message that is being parsed lies under this glass. It stays in one place for good: the compiler knows the address, which makes
 * reading a byte a third cheaper than from wherever a datagram lies, and less than half as dear as reading a string. A CR ends every loop;
 * one is put behind the message.
 */
export const GLASS: Uint8Array = new Uint8Array(65_535 + 4);
// What is imported or exported is looked up at each use; these are constants to the compiler.
const glass = GLASS;
const table = CLASSES;
/** The same bytes, to look at four at a time. */
const view = new DataView(glass.buffer);

/** Puts a message under the glass, or as much of it as there is room for. Returns how much that is. */
export function lookAt(message: Uint8Array): number {
  const size = Math.min(message.length, glass.length - 4);
  glass.set(size === message.length ? message : message.subarray(0, size));
  // What the message before has left must not look like a line end, a fold, or an empty line.
  glass[size] = CR;
  glass[size + 1] = 0;
  glass[size + 2] = 0;
  return size;
}

export function byteAt(index: number): number {
  return glass[index] ?? 0;
}

/** Four bytes as one number, the first one highest. */
export function fourAt(index: number): number {
  return view.getInt32(index);
}

/** What {@link fourAt} gives for four characters. */
export function four(characters: string): number {
  return Buffer.from(characters, "latin1").readInt32BE();
}

/** The first index from there on whose byte is neither space nor tab. */
export function skipBlanks(from: number): number {
  let i = from;
  while (glass[i] === SPACE || glass[i] === TAB) i++;
  return i;
}

/** The index behind the last byte of [from, to) that is neither space nor tab. */
export function endWithoutBlanks(from: number, to: number): number {
  let i = to;
  while (i > from && (glass[i - 1] === SPACE || glass[i - 1] === TAB)) i--;
  return i;
}

/** The first index from there on whose byte belongs to no token. */
export function endOfToken(from: number): number {
  let i = from;
  while (((table[glass[i] ?? 0] ?? 0) & TOKEN) !== 0) i++;
  return i;
}

/** The first CR or LF from there on. */
export function endOfText(from: number): number {
  let i = from;
  for (;;) {
    // Four at a time, as long as none is less than 14: subtracting that sets the highest bit of those that are.
    for (let next = view.getInt32(i); ((next - 0x0e0e_0e0e) & ~next & 0x8080_8080) === 0; next = view.getInt32(i)) i += 4;
    for (const end = i + 4; i < end; i++) if (glass[i] === CR || glass[i] === LF) return i;
  }
}

/** The first CR from there on. */
export function endOfLine(from: number): number {
  let i = from;
  while (glass[i] !== CR) i++;
  return i;
}

/** The names that are looked for, each with its colon: its first four letters, the next four, and so on; in the end its last four. */
const spellings = new Int32Array(1024);
let spelled = 0;

/** Makes a name known to {@link nameStandsAt}; returns where it lies. @param lower in lower case */
export function spell(lower: string): number {
  const start = spelled;
  const bytes = Buffer.from(`${lower}:`, "latin1");
  for (let i = 0; i + 4 < bytes.length; i += 4) spellings[spelled++] = bytes.readInt32BE(i);
  if (bytes.length >= 4) spellings[spelled++] = bytes.readInt32BE(bytes.length - 4);
  else for (const byte of bytes) spellings[spelled++] = byte;
  return start;
}

/** Whether a header name stands there, with its colon. @param spelling where {@link spell} has put it */
export function nameStandsAt(from: number, spelling: number, length: number): boolean {
  const colon = from + length;
  if (glass[colon] !== COLON) return false;
  if (length < 3) return lettersStandAt(from, spelling, length);
  let next = spelling;
  for (let i = from; i + 3 < colon; i += 4) if (!fourStandAt(i, spellings[next++] ?? 0)) return false;
  return fourStandAt(colon - 3, spellings[next] ?? 0);
}

function lettersStandAt(from: number, spelling: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (((glass[from + i] ?? 0) | 32) !== spellings[spelling + i]) return false;
  return true;
}

/** Whether those four letters, dashes, colons or semicolons stand there, in upper or lower case. @param lower of {@link four} */
export function fourStandAt(from: number, lower: number): boolean {
  const found = view.getInt32(from);
  // Bit 5 makes letters lower case. It also makes a dash or a colon of a control character, which has neither bit 5 nor bit 6.
  return (found | 0x2020_2020) === lower && ((found | (found << 1)) & 0x4040_4040) === 0x4040_4040;
}
