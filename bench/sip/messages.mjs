// @ts-check
// What an office phone sees on an ordinary day: an INVITE with its offer behind one proxy, and the 200 with its answer. Each comes in
// many copies that differ where real ones differ (branch, tags, Call-ID), so that nobody is measured parsing what it has just parsed.

const COPIES = 64;

/** @param {number} n */
const hex = (n) => (Math.imul(n + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0");

/** @param {string} address @param {number} port */
const sdp = (address, port) =>
  [
    "v=0",
    `o=- 3890217233 3890217233 IN IP4 ${address}`,
    "s=-",
    `c=IN IP4 ${address}`,
    "t=0 0",
    `m=audio ${port} RTP/AVP 0 8 101`,
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:8 PCMA/8000",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-16",
    "a=ptime:20",
    "a=sendrecv",
    "",
  ].join("\r\n");

/** @param {readonly string[]} head @param {string} body */
const message = (head, body) => Buffer.from([...head, "Content-Type: application/sdp", `Content-Length: ${body.length}`, "", body].join("\r\n"));

/** @param {number} n */
const invite = (n) =>
  message(
    [
      "INVITE sip:bob@192.0.2.44:5060;transport=udp SIP/2.0",
      `Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-${hex(n)}${hex(n + 1)};rport`,
      `Via: SIP/2.0/UDP 10.1.0.17:5062;branch=z9hG4bK${hex(n + 2)}${hex(n + 3)};received=192.0.2.17;rport=5062`,
      "Record-Route: <sip:192.0.2.10;lr;ftag=as7c31>",
      "Max-Forwards: 69",
      `From: "Alice Example" <sip:alice@example.com>;tag=${hex(n + 4)}`,
      "To: <sip:bob@example.com>",
      `Call-ID: ${hex(n + 5)}${hex(n + 6)}@10.1.0.17`,
      `CSeq: ${100 + n} INVITE`,
      "Contact: <sip:alice@10.1.0.17:5062;transport=udp>",
      "User-Agent: Phone/4.2.1",
      "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, REFER, INFO, UPDATE, MESSAGE",
      "Supported: replaces, timer, path",
      "Session-Expires: 1800",
    ],
    sdp("192.0.2.17", 40_000 + 2 * n),
  );

/** @param {number} n */
const ok = (n) =>
  message(
    [
      "SIP/2.0 200 OK",
      `Via: SIP/2.0/UDP 10.1.0.17:5062;branch=z9hG4bK${hex(n + 2)}${hex(n + 3)};received=192.0.2.17;rport=5062`,
      "Record-Route: <sip:192.0.2.10;lr;ftag=as7c31>",
      `From: "Alice Example" <sip:alice@example.com>;tag=${hex(n + 4)}`,
      `To: <sip:bob@example.com>;tag=${hex(n + 7)}`,
      `Call-ID: ${hex(n + 5)}${hex(n + 6)}@10.1.0.17`,
      `CSeq: ${100 + n} INVITE`,
      "Contact: <sip:bob@192.0.2.44:5060;transport=udp>",
      "Server: Phone/4.2.1",
      "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, REFER, INFO, UPDATE, MESSAGE",
      "Supported: replaces, timer",
    ],
    sdp("192.0.2.44", 50_000 + 2 * n),
  );

/** By what they are, the copies of each. */
export const messages = {
  INVITE: Array.from({ length: COPIES }, (_, n) => invite(n)),
  200: Array.from({ length: COPIES }, (_, n) => ok(n)),
};
