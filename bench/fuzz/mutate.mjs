// @ts-check
// Changes that know the grammar: what separates, what quotes, what is counted; and some that do not.

/** @typedef {import("./random.mjs").Random} Random */

const LARGEST = 65_000;

const PIECES = [
  ..."\r\n\t \0\x7f\"<>;:,@=%\\[]()/?&+*!~'`{}|^-._0aZ".split(""),
  ..."\r\n |\r\n\r\n|\n|\r|\r\n\t|%00|%0d%0a|%C3%A9|%zz|%|\\\"|\\|\"\"".split("|"),
  ..."<>|<sip:|;;|,,|::|[::1]|[::ffff:192.0.2.1]|[:::192.0.2.1]".split("|"),
  ..."SIP/2.0|SIP/2.0/UDP |sip:|sips:|tel:|urn:".split("|"),
  ...";lr|;tag=|;branch=z9hG4bK|;rport|;received=|;maddr=239.0.0.1|;ttl=1|;transport=tcp".split("|"),
  ..."INVITE |ACK |BYE |CANCEL |PRACK |REFER |UPDATE |OPTIONS ".split("|"),
  ..."\r\nVia: |\r\nRoute: |\r\nRecord-Route: <sip:p;lr>|\r\nContact: *".split("|"),
  ..."\r\nContent-Length: 5|\r\nl: 99999999999999999999|\r\nRequire: 100rel|\r\nRSeq: 1|\r\nRAck: 1 1 INVITE".split("|"),
  ..."\r\nMax-Forwards: 0|\r\nSession-Expires: 90;refresher=uac|\r\nMin-SE: 4294967296".split("|"),
  ..."\r\nReplaces: a;to-tag=b;from-tag=c|\r\nRefer-To: <sip:x@y?Replaces=z>".split("|"),
  ..."-1|0|1|65535|65536|4294967295|4294967296|9007199254740993|1e9|0x10|NaN|١".split("|"),
  "\u00e9", "\ud83d\ude00", "\ufeff", "\u2028",
  "Digest ", "realm=\"", "nonce=", "qop=\"auth,auth-int\"", "algorithm=SHA-256-sess", "stale=TRUE",
  "a=", "m=audio 0 RTP/AVP 0", "m=audio 99999/2 RTP/AVP", "c=IN IP4 0.0.0.0", "c=IN IP6 ::/127",
  "a=rtpmap:0 ", "a=fmtp:", "a=sendonly", "v=0", "t=0 0", "o=",
].map((text) => Buffer.from(text));

const EDGES = new Set(Buffer.from("\r\n \t;:,<>\"=@/?&[]"));

/** @type {((bytes: Buffer, random: Random, others: readonly Buffer[]) => Buffer)[]} */
const changes = [
  // One byte.
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[random.below(copy.length)] = random.below(256);
    return copy;
  },
  // A bit.
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    const at = random.below(copy.length);
    if (copy.length > 0) copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
    return copy;
  },
  // A piece put in, or in the place of something.
  (bytes, random) => splice(bytes, edge(bytes, random), random.chance(0.5) ? 0 : random.below(12), random.of(PIECES)),
  (bytes, random) => splice(bytes, random.below(bytes.length + 1), 0, random.of(PIECES)),
  // Something left out.
  (bytes, random) => splice(bytes, edge(bytes, random), 1 + random.below(random.chance(0.1) ? 300 : 8), Buffer.alloc(0)),
  // Cut off.
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  // From one edge to the next: twice, or elsewhere too.
  (bytes, random) => {
    const start = edge(bytes, random);
    return splice(bytes, random.chance(0.5) ? start : edge(bytes, random), 0, bytes.subarray(start, nextEdge(bytes, start + 1)));
  },
  // A line twice, away, or in another place.
  (bytes, random) => {
    const lines = bytes.toString("latin1").split("\r\n");
    const at = random.below(lines.length);
    const line = lines[at] ?? "";
    if (random.chance(0.5)) lines.splice(at, 1);
    if (random.chance(0.6)) lines.splice(random.below(lines.length + 1), 0, line);
    return Buffer.from(lines.join("\r\n"), "latin1");
  },
  // The beginning of one, the end of another.
  (bytes, random, others) => {
    const other = random.of(others);
    return Buffer.concat([bytes.subarray(0, edge(bytes, random)), other.subarray(edge(other, random))]);
  },
  // A number or word that is another.
  (bytes, random) => {
    const start = edge(bytes, random) + 1;
    return splice(bytes, Math.min(start, bytes.length), Math.max(0, nextEdge(bytes, start) - start), random.of(PIECES));
  },
  // Case.
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    for (let i = random.below(copy.length + 1), n = random.below(20); n > 0 && i < copy.length; i++, n--) {
      const byte = copy[i] ?? 0;
      if ((byte | 32) >= 97 && (byte | 32) <= 122) copy[i] = byte ^ 32;
    }
    return copy;
  },
];

/** Very much of the same: what takes time in the square of its length shows here. @param {Buffer} bytes @param {Random} random */
function repeated(bytes, random) {
  const start = edge(bytes, random);
  const piece = random.chance(0.5) ? random.of(PIECES) : bytes.subarray(start, nextEdge(bytes, start + 1));
  if (piece.length === 0) return bytes;
  const count = Math.floor(Math.min(LARGEST - bytes.length, 1 << (4 + random.below(13))) / piece.length);
  return count <= 0 ? bytes : splice(bytes, start, 0, Buffer.alloc(count * piece.length, piece));
}

/** @param {Buffer} bytes @param {Random} random @param {readonly Buffer[]} others for splicing @returns {Buffer} */
export function mutate(bytes, random, others) {
  let changed = bytes;
  for (let n = 1 + random.below(random.chance(0.2) ? 8 : 3); n > 0; n--) changed = random.of(changes)(changed, random, others);
  if (random.chance(0.002)) changed = repeated(changed, random);
  return changed.length > LARGEST ? changed.subarray(0, LARGEST) : changed;
}

/** @param {Buffer} bytes @param {number} at @param {number} removed @param {Uint8Array} added */
function splice(bytes, at, removed, added) {
  return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + removed)]);
}

/** Where something begins or ends. @param {Buffer} bytes @param {Random} random */
function edge(bytes, random) {
  return nextEdge(bytes, random.below(bytes.length + 1));
}

/** @param {Buffer} bytes @param {number} from */
function nextEdge(bytes, from) {
  let i = from;
  while (i < bytes.length && !EDGES.has(bytes[i] ?? 0)) i++;
  return i;
}
