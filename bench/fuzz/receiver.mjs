// @ts-check
// A whole user agent that is fed, and the names that it may ask DNS for.

/** @typedef {import("./random.mjs").Random} Random */
/** @typedef {import("./targets.d.mts").Modules} Modules */

/** @template T @param {() => T} read @returns {T | undefined} */
function readable(read) {
  try {
    return read();
  } catch {
    return undefined;
  }
}

const REMOTE = { address: "192.0.2.2", port: 5060, protocol: /** @type {const} */ ("UDP") };
/** The first is what a mutation made of the address when this was the system's DNS: the ACK that could not be sent counted as a finding. */
const NAMES = [
  "fuzz.2.2",
  "a.example",
  "b.example",
  "c.example",
  "d.example:5070",
  "e.example;transport=tcp",
  "localhost",
  "192.0.2.2.example",
];
const OFFER = {
  contentType: "application/sdp",
  content: "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n",
};

/** @param {string} text */
function hash(text) {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return (h ^ (h >>> 15)) >>> 0;
}

/**
 * DNS without a network: what a name leads to hangs on its letters alone. Some names have addresses, some none, some are unknown, and of
 * some the question cannot even be asked.
 * @type {import("../../ts/net/index.ts").DNS}
 */
const DNS = {
  naptr: (name) => recordsOf(name, 1, [{ order: 1, preference: 1, flags: "s", service: "SIP+D2U", replacement: `_sip._udp.${name}` }]),
  srv: (name) => {
    const host = hash(name) % 5 === 0 ? "." : `host.${name}`;
    return recordsOf(name, 2, [{ priority: 1, weight: 1, port: hash(name) & 0xffff, name: host }]);
  },
  a: (name) => recordsOf(name, 3, [{ address: "192.0.2.7", ttl: 60 }]),
  aaaa: (name) => recordsOf(name, 4, [{ address: "2001:db8::7" }, { address: "no address" }]),
};

/** @template T @param {string} name @param {number} kind @param {readonly T[]} records @returns {Promise<readonly T[]>} */
function recordsOf(name, kind, records) {
  const what = hash(`${kind}${name}`) % 8;
  if (what === 0) throw new TypeError("not a name");
  if (what < 4) return Promise.reject(Object.assign(new Error(`query ENOTFOUND ${name}`), { code: "ENOTFOUND" }));
  return Promise.resolve(what === 4 ? [] : records);
}

/**
 * A whole user agent behind a transport in memory, in virtual time. What it sends is answered, what it answers is followed up, so that
 * mutations hit dialogs and transactions that are alive. Whatever comes: nothing is thrown, and in the end nothing is left.
 */
export class Receiver {
  #modules;
  #random;
  #client;
  #clock;
  /** @type {Error[]} */
  #errors = [];
  /** The latest of what the client sent. @type {Buffer[]} */
  #sent = [];
  /** @type {import("../../ts/sip/index.ts").Transport} */
  #transport;

  /** @param {Modules} modules @param {Random} random */
  constructor(modules, random) {
    this.#modules = modules;
    this.#random = random;
    this.#clock = new modules.testkit.VirtualClock(1000);
    this.#transport = {
      protocol: "UDP",
      reliable: false,
      local: { address: "192.0.2.1", port: 5060, protocol: "UDP" },
      open: async () => {},
      close: async () => {},
      send: async (message) => {
        this.#sent.push(Buffer.from(message));
        if (this.#sent.length > 32) this.#sent.shift();
      },
      onMessage: undefined,
      onError: undefined,
    };
    const locator = new modules.net.ServerLocator({
      protocols: ["UDP"],
      family: 4,
      dns: DNS,
      clock: this.#clock,
      random: () => random.next(),
    });
    // The peer has named a place to which nothing can be sent: nothing is wrong with us, and its owner may know.
    /** @param {unknown} error */
    const isNoWay = (error) =>
      error instanceof modules.net.NameResolutionError ||
      (error instanceof modules.sip.TransportError && error.code === "TRANSPORT_UNAVAILABLE");
    this.#client = new modules.sip.SIPClient({
      user: "bob",
      credentials: { get: () => ({ username: "bob", password: "secret" }) },
      transport: this.#transport,
      clock: this.#clock,
      // Whoever is asked about a network that is not there answers differently each time, and late.
      resolve: (target) => locator.locate(target),
      acceptCalls: "any",
      random: () => random.next(),
      onError: (error) => {
        if (!isNoWay(error)) this.#errors.push(error instanceof Error ? error : new Error(String(error)));
      },
    });
    this.#client.onInvite = (session) => {
      const what = random.below(5);
      if (what === 0) session.reject(486);
      else if (what === 1) session.ringing();
      else if (what === 2) session.progress(183, OFFER);
      else session.accept(OFFER).catch(() => {});
    };
    this.#client.onMessage = () => (random.chance(0.5) ? 200 : 415);
  }

  async start() {
    await this.#client.start();
  }

  /** Something that has to do with what the client has just sent; undefined when it has sent nothing. */
  reaction() {
    const { parseMessage, SIPRequest, SIPResponse } = this.#modules.sip;
    const random = this.#random;
    if (this.#sent.length === 0) return undefined;
    const message = readable(() => parseMessage(random.of(this.#sent)));
    // The refusal of what had no From has none either.
    if (message === undefined) return undefined;
    const contact = `<sip:fuzz@${random.chance(0.8) ? REMOTE.address : random.of(NAMES)}>`;
    if (message instanceof SIPRequest) {
      const status = random.of([100, 180, 183, 199, 200, 200, 202, 302, 401, 407, 420, 422, 423, 481, 486, 487, 491, 500, 503, 603]);
      const reply = SIPResponse.to(message, status, { headers: [["Contact", contact]], body: random.chance(0.3) ? OFFER.content : "" });
      if (status === 401) reply.headers.add("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth,auth-int", algorithm=SHA-256');
      if (status === 407) reply.headers.add("Proxy-Authenticate", 'Digest realm="p", nonce="n", stale=true');
      if (status === 183 || status === 180) {
        reply.headers.add("Require", "100rel");
        reply.headers.add("RSeq", String(random.below(4)));
      }
      return Buffer.from(reply.toBytes());
    }
    const { method } = message.cseq;
    if (method !== "INVITE" || message.statusCode < 180) return undefined;
    const next = random.of(["ACK", "BYE", "INVITE", "UPDATE", "INFO", "PRACK", "CANCEL", "REFER", "NOTIFY", "OPTIONS", "MESSAGE"]);
    const sequence = message.cseq.sequence + (next === "ACK" || next === "CANCEL" ? 0 : random.below(3));
    return Buffer.from(
      SIPRequest.create({
        method: next,
        uri: "sip:bob@192.0.2.1",
        headers: [
          ["Via", next === "CANCEL" ? message.via.toString() : `SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK${random.below(1e6)};rport`],
          ["From", message.from.toString()],
          ["To", message.to.toString()],
          ["Call-ID", message.callId],
          ["CSeq", `${sequence} ${next}`],
          ["Contact", contact],
          ["RAck", `${message.headers.get("RSeq") ?? 1} ${message.cseq.toString()}`],
          ["Refer-To", "<sip:carol@192.0.2.3>"],
          ["Event", "refer"],
          ["Max-Forwards", "70"],
        ],
        body: random.chance(0.3) ? OFFER.content : "",
      }).toBytes(),
    );
  }

  /** The client calls somebody, so that there is something to answer. */
  call() {
    const session = this.#client.invite("sip:fuzz@192.0.2.2", { body: OFFER });
    session.onLateOffer = () => OFFER;
  }

  /** @param {Buffer} bytes */
  receive(bytes) {
    this.#transport.onMessage?.(bytes, REMOTE);
    const [error] = this.#errors;
    if (error !== undefined) throw error;
  }

  /** Lets time pass: retransmissions, refreshes, whatever was put off. @param {number} milliseconds */
  async pass(milliseconds) {
    await this.#clock.advance(milliseconds);
    const [error] = this.#errors;
    if (error !== undefined) throw error;
  }

  /** Ends it all; nothing must be left. */
  async end() {
    const stopped = this.#client.stop();
    let done = false;
    stopped.then(() => (done = true), () => (done = true));
    await this.#clock.runUntil(() => done, 600_000);
    await stopped;
    await this.pass(1000);
    const left = { sessions: this.#client.sessions.size, dialogs: this.#client.dialogs, alarms: this.#clock.pending };
    if (Object.values(left).some((count) => count !== 0)) throw new Error(`left behind: ${JSON.stringify(left)}`);
  }
}
