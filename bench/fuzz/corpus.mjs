// @ts-check
// What mutation starts from.
import { readdirSync, readFileSync } from "node:fs";
import { messages } from "../sip/messages.mjs";

const vectors = new URL("../../test/vectors/", import.meta.url);

/** @typedef {"message" | "sdp" | "digest"} Kind */
/** @typedef {Readonly<Record<Kind, readonly Buffer[]>>} Corpus */

/** @param {string} folder @param {string} extension @returns {Buffer[]} */
function files(folder, extension) {
  const url = new URL(`${folder}/`, vectors);
  const names = readdirSync(url).filter((name) => name.endsWith(extension));
  return names.toSorted().map((name) => readFileSync(new URL(name, url)));
}

/** @param {string} text */
const lines = (text) => Buffer.from(text.trim().replaceAll(/\r?\n */g, "\r\n") + "\r\n");

const HEADERS = `Via: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK-f1;rport
  Max-Forwards: 70
  From: "F. Uzzer" <sip:fuzz@192.0.2.2>;tag=f1
  To: <sip:bob@192.0.2.1>
  Call-ID: fuzz-1
  Contact: <sip:fuzz@192.0.2.2:5060>`;

const REQUESTS = [
  ["OPTIONS", "Accept: application/sdp"],
  ["MESSAGE", "Content-Type: text/plain"],
  ["NOTIFY", "Event: refer\r\nSubscription-State: active;expires=60"],
  ["REFER", "Refer-To: <sip:carol@192.0.2.3?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>\r\nReferred-By: <sip:fuzz@192.0.2.2>"],
  ["SUBSCRIBE", "Event: presence\r\nExpires: 600"],
  ["UPDATE", "Session-Expires: 90;refresher=uac\r\nMin-SE: 90"],
  ["INFO", "Content-Type: application/dtmf-relay"],
  ["PRACK", "RAck: 1 1 INVITE"],
  ["CANCEL", "Reason: SIP;cause=200;text=\"elsewhere\""],
  ["ACK", "Route: <sip:192.0.2.10;lr>, <sip:192.0.2.11>"],
  ["BYE", "Reason: Q.850;cause=16"],
  ["INVITE", "Replaces: 1@x;to-tag=1;from-tag=2;early-only\r\nRequire: replaces, 100rel\r\nSupported: timer"],
  ["REGISTER", "Contact: *\r\nExpires: 0"],
  ["PUBLISH", "SIP-If-Match: 1\r\nEvent: presence"],
];

const generated = REQUESTS.map(([method, extra], n) => {
  const head = `${method} sip:bob@192.0.2.1 SIP/2.0\r\n${HEADERS}\r\nCSeq: ${n + 1} ${method}\r\n${extra}\r\nContent-Length: 4`;
  return Buffer.concat([lines(head), Buffer.from("\r\nbody")]);
});

const DESCRIPTIONS = [
  `v=0
  o=- 1 1 IN IP4 192.0.2.1
  s=-
  c=IN IP4 192.0.2.1
  t=0 0
  m=audio 4000 RTP/AVP 0 8 101
  a=rtpmap:101 telephone-event/8000
  a=fmtp:101 0-16
  a=ptime:20
  a=sendrecv`,
  `v=0
  o=jdoe 2890844526 2890842807 IN IP6 2001:db8::1
  s=A call
  i=what it is about
  u=http://example.com/
  e=j@example.com
  p=+1 617 555-6011
  c=IN IP6 2001:db8::2/127/3
  b=AS:64
  t=2873397496 2873404696
  r=7d 1h 0 25h
  z=2882844526 -1h
  a=group:BUNDLE 0 1
  m=audio 49170/2 RTP/SAVPF 96 97 9 13
  a=rtpmap:96 opus/48000/2
  a=rtpmap:97 L16/44100/2
  a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj
  a=candidate:1 1 UDP 2130706431 192.0.2.1 8998 typ host
  a=inactive
  m=video 0 RTP/AVP 31
  c=IN IP4 0.0.0.0
  m=image 5000 udptl t38`,
];

const DIGESTS = [
  'Digest realm="atlanta.example.com", domain="sip:ss1.example.com", qop="auth,auth-int", ' +
    'nonce="f84f1cec41e6cbe5aea9c8e88d359", opaque="", stale=FALSE, algorithm=MD5',
  'Digest realm="a \\"b\\", c", nonce="1", algorithm=SHA-256-sess, qop="auth"',
  'Digest username="bob", realm="biloxi.example.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="sip:bob@biloxi.example.com", ' +
    'qop=auth, nc=00000001, cnonce="0a4f113b", response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
  'Basic realm="x", Digest realm="y", nonce="z", Bearer',
  'qop=auth, rspauth="6629fae49393a05397450978507c4ef1", cnonce="0a4f113b", nc=00000001, nextnonce="abc"',
];

/** @returns {Corpus} */
export function loadCorpus() {
  const descriptions = DESCRIPTIONS.map(lines);
  return {
    message: [
      ...files("sip/rfc4475", ".dat"),
      ...files("sip/rfc5118", ".dat"),
      ...files("fuzz", ".sip"),
      ...messages.INVITE.slice(0, 2),
      ...messages[200].slice(0, 2),
      ...generated,
    ],
    sdp: [...descriptions, ...files("fuzz", ".sdp")],
    digest: [...DIGESTS.map((text) => Buffer.from(text)), ...files("fuzz", ".digest")],
  };
}
