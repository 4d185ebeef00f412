// @ts-check
// Whole calls between two user agents in one process: INVITE, 180, 200, ACK, BYE, 200. A core that does n such calls a second carries both
// their ends: the caller's and the callee's, 2n sessions.
import process from "node:process";
import { SIPClient, UDPTransport } from "../../dist/sip/index.js";
import { systemClock } from "../../dist/time/clock.js";
import { MemoryNetwork } from "../../dist/testkit/index.js";

/**
 * @typedef {{ calls: number, rss: number, heap: number }} Memory
 * @typedef {{ transport: string, calls: number, lost: number, perSecond: number, perCPUSecond: number, memory: Memory[] }} Result
 */

const SDP = [
  "v=0",
  "o=- 1 1 IN IP4 127.0.0.1",
  "s=-",
  "c=IN IP4 127.0.0.1",
  "t=0 0",
  "m=audio 40000 RTP/AVP 0 8 101",
  "a=rtpmap:101 telephone-event/8000",
  "a=fmtp:101 0-16",
  "",
].join("\r\n");
const BODY = { contentType: "application/sdp", content: SDP };

/**
 * Transactions live on after their calls, to absorb retransmissions: 64*T1 of them at 2,000 calls/s would be most of the memory. The
 * memory must be seen to come back in a run of a minute, so T1 is a fifth here; the work for a call is the same.
 */
const TIMERS = { t1: 100, t2: 800, t4: 1000, d: 6400 };

/** Calls at a time. */
const AT_ONCE = 20;
/** Calls between two looks at the memory. */
const STEP = 10_000;

/** @param {"UDP" | "memory"} kind @param {number} calls @returns {Promise<Result>} */
export async function measureCalls(kind, calls) {
  const network = new MemoryNetwork({ clock: systemClock, seed: 1 });
  const transport = (/** @type {string} */ address) =>
    kind === "UDP" ? new UDPTransport({ address: "127.0.0.1", port: 0 }) : network.transport(address, 5060);
  /** @type {unknown[]} */
  const errors = [];
  // Each call leaves two transactions behind for 64*T1; the limit is for phones, which nobody calls 2,000 times a second.
  const common = {
    timers: TIMERS,
    maxTransactions: 100_000,
    credentials: { get: () => ({ username: "", password: "" }) },
    onError: (/** @type {unknown} */ error) => errors.push(error),
  };
  const alice = new SIPClient({ ...common, user: "alice", transport: transport("192.0.2.1") });
  const bob = new SIPClient({ ...common, user: "bob", transport: transport("192.0.2.2") });
  bob.onInvite = (session) => {
    session.ringing();
    // When its ACK gets lost and the BYE comes first, that is a call all the same; one that nobody answers any more, the caller counts.
    session.accept(BODY).catch((/** @type {{ code?: string }} */ error) => {
      if (error.code !== "SESSION_ENDED" && error.code !== "SIP_TIMEOUT") errors.push(error);
    });
  };
  await Promise.all([alice.start(), bob.start()]);
  const { address, port } = bob.transport.local;
  const target = `sip:bob@${address}:${port}`;

  /** @returns {Promise<void>} */
  const call = () =>
    new Promise((resolve, reject) => {
      const session = alice.invite(target, { body: BODY });
      session.onAccepted = () => {
        session.bye().catch(reject);
      };
      session.onEnded = (reason) => {
        // A machine that stands still for seconds lets socket buffers run over, until nothing of a call gets through in 64*T1.
        if (reason.by === "timeout") lost++;
        if (reason.by === "local" || reason.by === "timeout") resolve();
        else reject(new Error(`a call ended: ${JSON.stringify(reason)}`));
      };
    });

  let begun = 0;
  let lost = 0;
  /** @param {number} until */
  const line = async (until) => {
    while (begun < until) {
      begun++;
      await call();
    }
  };
  /** @param {number} until */
  const lines = async (until) => {
    await Promise.all(Array.from({ length: AT_ONCE }, () => line(until)));
  };

  await lines(2000);
  /** @type {Result["memory"]} */
  const memory = [];
  const start = performance.now();
  const cpu = process.cpuUsage();
  let looking = 0;
  let lookingCPU = 0;
  for (let done = 0; done < calls;) {
    const step = Math.min(STEP, calls - done);
    await lines(begun + step);
    done += step;
    const before = performance.now();
    const beforeCPU = process.cpuUsage();
    globalThis.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    memory.push({ calls: done, rss, heap: heapUsed });
    looking += performance.now() - before;
    const { user, system } = process.cpuUsage(beforeCPU);
    lookingCPU += user + system;
  }
  const seconds = (performance.now() - start - looking) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  await Promise.all([alice.stop(), bob.stop()]);
  const [error] = errors;
  if (error !== undefined) throw error;
  if (lost > calls / 100) throw new Error(`${lost} of ${calls} calls got no answer over ${kind}`);
  return { transport: kind, calls, lost, perSecond: calls / seconds, perCPUSecond: calls / ((user + system - lookingCPU) / 1e6), memory };
}
