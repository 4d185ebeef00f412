// @ts-check

/** Numbers from a seed (mulberry32): the same seed, the same inputs. */
export class Random {
  #seed;
  #state;

  /** @param {number} seed */
  constructor(seed) {
    this.#seed = seed;
    this.#state = seed >>> 0;
  }

  /** Goes on from the n-th of many places, whatever has been drawn before. @param {number} n */
  startAt(n) {
    this.#state = (Math.imul(this.#seed, 0x9e3779b1) + Math.imul(n + 1, 0x85ebca6b)) >>> 0;
    this.#state = (this.next() * 4_294_967_296) >>> 0;
  }

  /** Uniform in [0, 1). */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number in [0, limit). @param {number} limit */
  below(limit) {
    return Math.floor(this.next() * limit);
  }

  /** @param {number} probability */
  chance(probability) {
    return this.next() < probability;
  }

  /** @template T @param {readonly T[]} list @returns {T} */
  of(list) {
    const element = list[this.below(list.length)];
    if (element === undefined) throw new Error("nothing to choose from");
    return element;
  }
}
