// @ts-check
// What is fuzzed, and what must hold of each. A target returns nothing when all is well and throws when it is not.

/** @typedef {import("./random.mjs").Random} Random */
/** @typedef {import("./targets.d.mts").Modules} Modules */

/** A message: parsed or refused with a SIPParseError; what was parsed can be read whole, answered and written. @param {Modules} modules @param {Random} random */
export function parserTarget({ sip }, random) {
  const { parseMessage, SIPParseError, SIPRequest, SIPResponse, bodyOfType } = sip;
  return (/** @type {Buffer} */ bytes) => {
    let message;
    try {
      message = parseMessage(bytes);
    } catch (error) {
      if (!(error instanceof SIPParseError)) throw error;
      // What it was able to read has to be answerable, or refuse in the same way.
      if (error.request !== undefined) SIPResponse.to(error.request, error.status).toBytes();
      return;
    }
    void message.via.branch;
    for (const via of message.vias) void `${via.sentBy}${via.received}${via.rport}${via.toString()}`;
    const addresses = [message.from, message.to, ...message.contacts, ...message.routes, ...message.recordRoutes];
    for (const address of addresses) {
      void address.uri.toString();
      void address.toString();
      void [...address.params];
      address.uri.equals(message.from.uri);
      if (address.uri instanceof sip.SIPURI) void [...address.uri.headers, ...address.uri.params];
    }
    void [message.callId, message.cseq.toString(), message.contentType, message.expires, message.maxForwards, message.date, message.contactIsWildcard];
    bodyOfType(message, "application/sdp");
    // What takes longest, now and then.
    if (random.chance(0.7)) return;
    void [message.heading, message.authentication, message.summary(), message.bodyText];
    for (const [name] of message.headers) message.headers.getAll(name);
    const copy = message.clone();
    copy.headers.set("Subject", "fuzz");
    // What we write, we must be able to read. (What arrived may have had bytes in it that we would not write.)
    const written = parseMessage(copy.toBytes());
    if (written.callId !== message.callId) throw new Error("the Call-ID changed on its way through toBytes");
    if (message instanceof SIPRequest && message.method !== "ACK") parseMessage(SIPResponse.to(message, 200).toBytes());
  };
}

/** A stream: the same items however it is split, and no throw. @param {Modules} modules @param {Random} random */
export function streamTarget({ sip }, random) {
  return (/** @type {Buffer} */ bytes) => {
    const whole = new sip.StreamParser().push(bytes).map(({ type }) => type);
    const parser = new sip.StreamParser();
    /** @type {string[]} */
    const split = [];
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(bytes.length, at + 1 + random.below(bytes.length > 2000 ? bytes.length : 200));
      for (const { type } of parser.push(bytes.subarray(at, end))) split.push(type);
      at = end;
    }
    if (whole.join() !== split.join()) throw new Error(`one piece gave ${whole.join()}, several ${split.join()}`);
  };
}

/** A description: parsed or refused with an SDPParseError; what was parsed can be asked, answered and written. @param {Modules} modules */
export function sdpTarget({ sdp }) {
  const { parseSDP, writeSDP, SDPParseError, formatsOf, directionOf, connectionOf, ptimeOf, createOffer, createAnswer, acceptAnswer } = sdp;
  /** @type {import("../../ts/sdp/index.ts").LocalMedia} */
  const local = {
    address: "192.0.2.1",
    port: 4000,
    formats: [
      { payloadType: 0, encoding: "PCMU", clockRate: 8000 },
      { payloadType: 101, encoding: "telephone-event", clockRate: 8000 },
    ],
    direction: "sendrecv",
    sessionId: 1,
    sessionVersion: 1,
  };
  const offer = createOffer(local);
  return (/** @type {Buffer} */ bytes) => {
    let session;
    try {
      session = parseSDP(bytes.toString("utf8"));
    } catch (error) {
      if (error instanceof SDPParseError) return;
      throw error;
    }
    for (const media of session.media) void [formatsOf(media), directionOf(session, media), connectionOf(session, media), ptimeOf(session, media)];
    parseSDP(writeSDP(session));
    const answer = createAnswer(session, local);
    if ("answer" in answer) parseSDP(writeSDP(answer.answer));
    acceptAnswer(offer, session);
  };
}

/** The value of an authentication header: read, or taken for nothing; answered or not. @param {Modules} modules */
export function digestTarget({ auth, sip }) {
  const { parseChallenges, parseAuthorization, verifyDigest, DigestAuthenticator } = auth;
  return (/** @type {Buffer} */ bytes) => {
    const text = bytes.toString("utf8");
    parseChallenges(text);
    const credentials = parseAuthorization(text);
    if (credentials !== undefined) verifyDigest({ authorization: credentials, method: "INVITE", password: "secret" });
    sip.redact(`Authorization: ${text}\r\n`);
    if (/[\r\n]/.test(text)) return;
    const request = sip.SIPRequest.create({ method: "REGISTER", uri: "sip:example.com", headers: [["From", "<sip:a@example.com>;tag=1"], ["To", "<sip:a@example.com>"], ["Call-ID", "1"], ["CSeq", "1 REGISTER"]] });
    const response = sip.SIPResponse.create({ status: 401, headers: [["WWW-Authenticate", text]] });
    new DigestAuthenticator({ get: () => ({ username: "a", password: "secret" }) }).answer(request, response, "example.com");
  };
}

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
const NAMES = ["fuzz.2.2", "a.example", "b.example", "c.example", "d.example:5070", "e.example;transport=tcp", "localhost", "192.0.2.2.example"];
const OFFER = { contentType: "application/sdp", content: "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n" };

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
  srv: (name) => recordsOf(name, 2, [{ priority: 1, weight: 1, port: hash(name) & 0xffff, name: hash(name) % 5 === 0 ? "." : `host.${name}` }]),
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
    const locator = new modules.net.ServerLocator({ protocols: ["UDP"], family: 4, dns: DNS, clock: this.#clock, random: () => random.next() });
    // The peer has named a place to which nothing can be sent: nothing is wrong with us, and its owner may know.
    /** @param {unknown} error */
    const isNoWay = (error) =>
      error instanceof modules.net.NameResolutionError || (error instanceof modules.sip.TransportError && error.code === "TRANSPORT_UNAVAILABLE");
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
      if (status === 183 || status === 180) for (const [name, value] of [["Require", "100rel"], ["RSeq", String(random.below(4))]]) reply.headers.add(name ?? "", value ?? "");
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
