// @ts-check
// What is fuzzed, and what must hold of each. A target returns nothing when all is well and throws when it is not.

/** @typedef {import("./random.mjs").Random} Random */
/** @typedef {import("./targets.d.mts").Modules} Modules */

/**
 * A message: parsed or refused with a SIPParseError; what was parsed can be read whole, answered and written.
 * @param {Modules} modules @param {Random} random
 */
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
    void [message.callId, message.cseq.toString(), message.contentType, message.expires];
    void [message.maxForwards, message.date, message.contactIsWildcard];
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
    for (const media of session.media) {
      void [formatsOf(media), directionOf(session, media), connectionOf(session, media), ptimeOf(session, media)];
    }
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
    const request = sip.SIPRequest.create({
      method: "REGISTER",
      uri: "sip:example.com",
      headers: [["From", "<sip:a@example.com>;tag=1"], ["To", "<sip:a@example.com>"], ["Call-ID", "1"], ["CSeq", "1 REGISTER"]],
    });
    const response = sip.SIPResponse.create({ status: 401, headers: [["WWW-Authenticate", text]] });
    new DigestAuthenticator({ get: () => ({ username: "a", password: "secret" }) }).answer(request, response, "example.com");
  };
}
