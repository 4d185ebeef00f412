import { SIPHeaderError } from "../errors.ts";
import { hasLineBreak, isToken, skipSpace, trimEnd } from "./characters.ts";
import type { Head } from "./Head.ts";
import { type HeaderKind, headerKind, registeredKind } from "./headerNames.ts";
import { splitList } from "./list.ts";

/** The message, which drops what it had parsed of a header that changes. */
interface HeadersOwner {
  /** @param key the long name in lower case */
  headerChanged(key: string): void;
}

/**
 * The headers of a message in their order; names without regard to case, compact forms under their long names.
 *
 * ```ts
 * headers.add("Route", "<sip:p1.example.com;lr>, <sip:p2.example.com;lr>");
 * headers.getAll("route");   // two values
 * headers.set("s", "Lunch"); // written as Subject: Lunch
 * ```
 */
export class Headers {
  readonly #kinds: HeaderKind[];
  #values: string[] = NO_VALUES;
  /** Where the values of a received message lie in its head, two numbers a line, until one of them changes. */
  #bounds: readonly number[] = NO_BOUNDS;
  #head: Head | undefined;
  #owner: HeadersOwner | undefined;

  /** Lines that stay where they are in the head, until somebody asks for them. @param bounds of {@link Head.value} @internal */
  static received(kinds: HeaderKind[], head: Head, bounds: readonly number[]): Headers {
    const headers = new Headers(undefined, kinds);
    headers.#head = head;
    headers.#bounds = bounds;
    return headers;
  }

  constructor(init?: Iterable<readonly [string, string | number]>);
  /** @internal */
  constructor(init: undefined, kinds: HeaderKind[]);
  constructor(init?: Iterable<readonly [string, string | number]>, kinds: HeaderKind[] = []) {
    this.#kinds = kinds;
    if (init !== undefined) for (const [name, value] of init) this.add(name, value);
  }

  /** Number of header lines. */
  get size(): number {
    return this.#kinds.length;
  }

  /** The first value, whole for headers of one value, the first element for comma lists; undefined when absent. */
  get(name: string): string | undefined {
    const kind = headerKind(name);
    const value = this.line(kind.key);
    return value !== undefined && kind.list ? (splitList(value).find((element) => element !== "") ?? "") : value;
  }

  /** Every value, one an element, comma lists taken apart; empty when the header is absent or has no value. */
  getAll(name: string): string[] {
    const { key, list } = headerKind(name);
    const lines = this.lines(key);
    if (lines.length === 0) return lines;
    return list ? lines.flatMap((line) => splitList(line)).filter((element) => element !== "") : lines;
  }

  has(name: string): boolean {
    return this.line(headerKind(name).key) !== undefined;
  }

  /** Replaces the first line of that name in its place, drops the others; appends when there is none. @throws SIPHeaderError */
  set(name: string, value: string | number): this {
    const kind = checkedKind(name);
    const text = checkedValue(kind.name, value);
    const index = this.#kinds.findIndex((own) => own.key === kind.key);
    if (index < 0) this.#append(kind, text);
    else {
      this.#own()[index] = text;
      this.#remove(kind.key, index + 1);
    }
    this.#owner?.headerChanged(kind.key);
    return this;
  }

  /** Appends a line. @throws SIPHeaderError when the name is no token or the value holds a line break */
  add(name: string, value: string | number): this {
    const kind = checkedKind(name);
    this.#append(kind, checkedValue(kind.name, value));
    this.#owner?.headerChanged(kind.key);
    return this;
  }

  /** Puts a line before the others of its name (a new top Via, a Route); before all when there is none. @throws SIPHeaderError */
  prepend(name: string, value: string | number): this {
    const kind = checkedKind(name);
    const text = checkedValue(kind.name, value);
    const index = Math.max(
      0,
      this.#kinds.findIndex((own) => own.key === kind.key),
    );
    this.#kinds.splice(index, 0, kind);
    this.#own().splice(index, 0, text);
    this.#owner?.headerChanged(kind.key);
    return this;
  }

  /** Replaces all lines of that name by one line a value, where the first one stood. @throws SIPHeaderError */
  setAll(name: string, values: Iterable<string | number>): this {
    const kind = checkedKind(name);
    const texts = Array.from(values, (value) => checkedValue(kind.name, value));
    const found = this.#kinds.findIndex((own) => own.key === kind.key);
    const index = found < 0 ? this.#kinds.length : found;
    this.#remove(kind.key, 0);
    this.#kinds.splice(index, 0, ...texts.map(() => kind));
    this.#own().splice(index, 0, ...texts);
    this.#owner?.headerChanged(kind.key);
    return this;
  }

  delete(name: string): boolean {
    const { key } = headerKind(name);
    const found = this.#remove(key, 0);
    if (found) this.#owner?.headerChanged(key);
    return found;
  }

  /** Every line as it is written: the long name, and the value with its folds undone. */
  *entries(): IterableIterator<[name: string, value: string]> {
    for (let i = 0; i < this.#kinds.length; i++) yield [this.#kinds[i]?.name ?? "", this.#value(i)];
  }

  [Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    return this.entries();
  }

  clone(): Headers {
    const copy = new Headers();
    copy.#kinds.push(...this.#kinds);
    copy.#values = [...this.#own()];
    return copy;
  }

  /** The value of the first line, commas and all. Takes the long name in lower case. @internal */
  line(key: string): string | undefined {
    const kinds = this.#kinds;
    for (let i = 0; i < kinds.length; i++) if (kinds[i]?.key === key) return this.#value(i);
    return undefined;
  }

  /** The values of all lines, commas and all. Takes the long name in lower case. @internal */
  lines(key: string): string[] {
    const kinds = this.#kinds;
    const out: string[] = [];
    for (let i = 0; i < kinds.length; i++) if (kinds[i]?.key === key) out.push(this.#value(i));
    return out;
  }

  /** Number of lines of that kind, which must be a registered one. @internal */
  count(kind: HeaderKind): number {
    let count = 0;
    const kinds = this.#kinds;
    for (let i = 0; i < kinds.length; i++) if (kinds[i] === kind) count++;
    return count;
  }

  /** {@link line} for a registered kind. @internal */
  lineOf(kind: HeaderKind): string | undefined {
    const kinds = this.#kinds;
    for (let i = 0; i < kinds.length; i++) if (kinds[i] === kind) return this.#value(i);
    return undefined;
  }

  /** {@link lines} for a registered kind. @internal */
  linesOf(kind: HeaderKind): string[] {
    const kinds = this.#kinds;
    const out: string[] = [];
    for (let i = 0; i < kinds.length; i++) if (kinds[i] === kind) out.push(this.#value(i));
    return out;
  }

  /** Appends what a parser has already checked. @internal */
  received(kind: HeaderKind, value: string): void {
    this.#append(kind, value);
  }

  /** Tells the message of every header that changes. @internal */
  belongTo(owner: HeadersOwner): void {
    this.#owner = owner;
  }

  #value(index: number): string {
    const head = this.#head;
    return head === undefined ? (this.#values[index] ?? "") : head.value(this.#bounds[2 * index] ?? 0, this.#bounds[2 * index + 1] ?? 0);
  }

  /** The values, taken from the head if they are there: what is about to change cannot stay in it. */
  #own(): string[] {
    if (this.#head !== undefined) {
      this.#values = this.#kinds.map((_, index) => this.#value(index));
      this.#bounds = NO_BOUNDS;
      this.#head = undefined;
    } else if (this.#values === NO_VALUES) this.#values = [];
    return this.#values;
  }

  #append(kind: HeaderKind, value: string): void {
    this.#own().push(value);
    this.#kinds.push(kind);
  }

  #remove(key: string, from: number): boolean {
    const values = this.#own();
    let kept = from;
    for (let i = from; i < this.#kinds.length; i++) {
      const kind = this.#kinds[i];
      if (kind === undefined || kind.key === key) continue;
      this.#kinds[kept] = kind;
      values[kept] = values[i] ?? "";
      kept++;
    }
    const found = kept < this.#kinds.length;
    this.#kinds.length = kept;
    values.length = kept;
    return found;
  }
}

/** Stand for lists that are not there yet. */
const NO_VALUES: string[] = [];
const NO_BOUNDS: readonly number[] = [];

function checkedKind(name: string): HeaderKind {
  const registered = registeredKind(name);
  if (registered !== undefined) return registered;
  if (!isToken(name)) throw new SIPHeaderError("header name", `must be a token, not ${JSON.stringify(name)}`);
  return headerKind(name);
}

function checkedValue(name: string, value: string | number): string {
  const text = String(value);
  if (hasLineBreak(text)) throw new SIPHeaderError(name, "must not contain line breaks: what follows one would be another header");
  const start = skipSpace(text, 0, text.length);
  return text.slice(start, trimEnd(text, start, text.length));
}
