/** What becomes of a reliable provisional response: acknowledge and use it, or drop it. */
export type Reception = "next" | "repeated" | "early";

/**
 * Keeps the reliable provisional responses of one early dialog in order (RFC 3262 §4), sans I/O: the first may have any number, each
 * further one must have the next. A repeated one is dropped, since its PRACK repeats itself by its own transaction; one that came
 * too early is dropped, too, and comes again.
 */
export class ReliableReceiver {
  #last: number | undefined;

  receive(number: number): Reception {
    if (this.#last !== undefined && number !== this.#last + 1) return number <= this.#last ? "repeated" : "early";
    this.#last = number;
    return "next";
  }
}
