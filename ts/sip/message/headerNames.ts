import { byteAt, nameStandsAt, spell } from "./glass.ts";

/** How a header is known: one shared object for each registered name, so that comparing is comparing pointers. */
export interface HeaderKind {
  /** The long name in lower case. */
  readonly key: string;
  /** As we write it. */
  readonly name: string;
  /** Whether a comma separates values (RFC 3261 §7.3.1). */
  readonly list: boolean;
  /** For the headers that every element reads: which it is, so that the parser can check and count them where they stand. */
  readonly watched: Watched;
}

/** The headers that the parser looks at itself; their numbers count from 0, so that it can keep an account of each. Addresses lie together. */
export const Watched = {
  OTHER: 0,
  VIA: 1,
  FROM: 2,
  TO: 3,
  CONTACT: 4,
  ROUTE: 5,
  RECORD_ROUTE: 6,
  CALL_ID: 7,
  CSEQ: 8,
  CONTENT_LENGTH: 9,
  MAX_FORWARDS: 10,
} as const;
export type Watched = (typeof Watched)[keyof typeof Watched];

/** Headers whose values may stand in one line, separated by commas. */
const LISTS =
  "Accept Accept-Contact Accept-Encoding Accept-Language Accept-Resource-Priority Alert-Info Allow Allow-Events Call-Info Contact " +
  "Content-Encoding Content-Language Diversion Error-Info Feature-Caps Geolocation History-Info In-Reply-To P-Asserted-Identity " +
  "P-Associated-URI P-Early-Media P-Media-Authorization P-Preferred-Identity P-Visited-Network-ID Path Permission-Missing Proxy-Require " +
  "Reason Record-Route Recv-Info Reject-Contact Request-Disposition Require Resource-Priority Route Security-Client Security-Server " +
  "Security-Verify Service-Route Supported Trigger-Consent Unsupported Via Warning";

/** Headers of one value, or whose commas mean something else (the authentication headers, User-Agent, Subject). */
const SINGLES =
  "Answer-Mode Authentication-Info Authorization Call-ID Content-Disposition Content-ID Content-Length Content-Transfer-Encoding " +
  "Content-Type CSeq Date Event Expires Flow-Timer From Identity Identity-Info Info-Package Join Max-Breadth Max-Forwards MIME-Version " +
  "Min-Expires Min-SE Organization P-Access-Network-Info P-Called-Party-ID P-Charging-Vector Priority Privacy Proxy-Authenticate " +
  "Proxy-Authorization RAck Refer-Sub Refer-To Referred-By Remote-Party-ID Replaces Reply-To Retry-After RSeq Server Session-Expires " +
  "Session-ID SIP-ETag SIP-If-Match Subject Subscription-State Suppress-If-Match Target-Dialog Timestamp To User-Agent User-to-User " +
  "WWW-Authenticate";

/** The compact forms (RFC 3261 §7.3.3 and the IANA registry of header fields). */
const COMPACT: Readonly<Record<string, string>> = {
  a: "Accept-Contact",
  b: "Referred-By",
  c: "Content-Type",
  d: "Request-Disposition",
  e: "Content-Encoding",
  f: "From",
  i: "Call-ID",
  j: "Reject-Contact",
  k: "Supported",
  l: "Content-Length",
  m: "Contact",
  n: "Identity-Info",
  o: "Event",
  r: "Refer-To",
  s: "Subject",
  t: "To",
  u: "Allow-Events",
  v: "Via",
  x: "Session-Expires",
  y: "Identity",
};

const WATCHED: Readonly<Record<string, Watched>> = {
  Via: Watched.VIA,
  From: Watched.FROM,
  To: Watched.TO,
  Contact: Watched.CONTACT,
  Route: Watched.ROUTE,
  "Record-Route": Watched.RECORD_ROUTE,
  "Call-ID": Watched.CALL_ID,
  CSeq: Watched.CSEQ,
  "Content-Length": Watched.CONTENT_LENGTH,
  "Max-Forwards": Watched.MAX_FORWARDS,
};

/** By every spelling that peers commonly use; others go through lower case. */
const kinds = new Map<string, HeaderKind>();

for (const [names, list] of [[LISTS, true] as const, [SINGLES, false] as const])
  for (const name of names.split(" ")) {
    const kind: HeaderKind = { key: name.toLowerCase(), name, list, watched: WATCHED[name] ?? Watched.OTHER };
    kinds.set(name, kind);
    kinds.set(kind.key, kind);
  }
for (const [letter, name] of Object.entries(COMPACT)) {
  const kind = known(name);
  kinds.set(letter, kind);
  kinds.set(letter.toUpperCase(), kind);
}

/** The kind of a registered header in one of its usual spellings. */
export function registeredKind(name: string): HeaderKind | undefined {
  return kinds.get(name);
}

/** The kind of a header in any spelling. What is not registered gets a kind of its own and keeps its spelling. */
export function headerKind(name: string): HeaderKind {
  const exact = kinds.get(name);
  if (exact !== undefined) return exact;
  const key = name.toLowerCase();
  return kinds.get(key) ?? { key, name, list: false, watched: Watched.OTHER };
}

function known(name: string): HeaderKind {
  const kind = kinds.get(name);
  if (kind === undefined) throw new Error(`${name} is missing in the table of header names`);
  return kind;
}

/** One way to write a registered header's name. */
export interface RegisteredName {
  readonly spelling: number;
  readonly length: number;
  readonly kind: HeaderKind;
}

/** Spellings in lower case by their first letter, which has bit 5 set, so that the parser finds a header where it stands, without making a string of its name. */
const byLetter: RegisteredName[][] = Array.from({ length: 256 }, () => []);
for (const [spelling, kind] of kinds)
  if (spelling === spelling.toLowerCase()) byLetter[spelling.charCodeAt(0)]?.push({ spelling: spell(spelling), length: spelling.length, kind });
// What is in every message comes first.
const usual = new Set("via from to call-id cseq contact max-forwards content-length content-type route record-route user-agent allow".split(" "));
for (const list of byLetter) list.sort((a, b) => Number(usual.has(b.kind.key)) - Number(usual.has(a.kind.key)));

/**
 * The registered name that stands at `from` of the head under the glass (see glass.ts) with a colon right behind it; undefined for
 * anything else.
 */
export function registeredNameAt(from: number): RegisteredName | undefined {
  const names = byLetter[byteAt(from) | 32];
  if (names === undefined) return undefined;
  for (let i = 0; i < names.length; i++) {
    const name = names[i];
    if (name !== undefined && nameStandsAt(from, name.spelling, name.length)) return name;
  }
  return undefined;
}

export const VIA: HeaderKind = known("Via");
export const FROM: HeaderKind = known("From");
export const TO: HeaderKind = known("To");
export const CALL_ID: HeaderKind = known("Call-ID");
export const CSEQ: HeaderKind = known("CSeq");
export const CONTACT: HeaderKind = known("Contact");
export const ROUTE: HeaderKind = known("Route");
export const RECORD_ROUTE: HeaderKind = known("Record-Route");
export const CONTENT_LENGTH: HeaderKind = known("Content-Length");
export const CONTENT_TYPE: HeaderKind = known("Content-Type");
export const MAX_FORWARDS: HeaderKind = known("Max-Forwards");
