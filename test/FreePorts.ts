import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

/**
 * Ports of 127.0.0.1 that nobody uses, UDP nor TCP, between two bounds. None is given twice before all have been. Bounds below 32,768
 * keep sockets bound to port 0 from landing in between: there begins what Linux gives to those.
 */
export class FreePorts {
  readonly #low: number;
  readonly #high: number;
  #next: number;

  /** @param start where to begin: by chance, where other processes take ports from the same bounds */
  constructor(low: number, high: number, start: number = low) {
    this.#low = low;
    this.#high = high;
    this.#next = start;
  }

  /** `count` free ports in a row, the first one even (RFC 3550 §11). */
  async take(count: number): Promise<{ low: number; high: number }> {
    const step = count + (count % 2);
    for (let tried = this.#low; tried <= this.#high; tried += step) {
      const low = this.#evenRun(count);
      this.#next = low + step;
      // One run after the other, until one is free.
      // oxlint-disable-next-line no-await-in-loop
      const free = await Promise.all(Array.from({ length: count }, (_, index) => isFree(low + index)));
      if (free.every(Boolean)) return { low, high: low + count - 1 };
    }
    throw new Error(`no ${count} free ports in a row between ${this.#low} and ${this.#high} on 127.0.0.1`);
  }

  #evenRun(count: number): number {
    const low = this.#next + (this.#next % 2);
    return low + count - 1 <= this.#high ? low : this.#low + (this.#low % 2);
  }
}

async function isFree(port: number): Promise<boolean> {
  const udp = createSocket("udp4");
  const tcp = createServer();
  try {
    udp.bind(port, "127.0.0.1");
    await once(udp, "listening");
    tcp.listen(port, "127.0.0.1");
    await once(tcp, "listening");
    return true;
  } catch {
    return false;
  } finally {
    udp.close();
    if (tcp.listening) {
      tcp.close();
      await once(tcp, "close");
    }
  }
}
