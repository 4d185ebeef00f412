import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

/** Below Linux's ephemeral range (32,768 up), so that no socket bound to port 0 lands in between. */
let next = 20_000;

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

/** A port of 127.0.0.1 that nobody uses, UDP nor TCP, and that is given out once a test file. */
export async function freePort(): Promise<number> {
  return (await freePorts(1)).low;
}

/** `count` free ports in a row, the first one even (RFC 3550 §11). */
export async function freePorts(count: number): Promise<{ low: number; high: number }> {
  next += next % 2;
  for (let low = next; low + count < 32_768; low = next) {
    next = low + count + (count % 2);
    const free = await Promise.all(Array.from({ length: count }, (_, index) => isFree(low + index)));
    if (free.every(Boolean)) return { low, high: low + count - 1 };
  }
  throw new Error("no free ports left between 20,000 and 32,768 on 127.0.0.1");
}
