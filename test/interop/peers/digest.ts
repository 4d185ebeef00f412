import { createHash } from "node:crypto";

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}

/** The header's parameters, without quotes. */
export function digestParameters(header: string): Record<string, string> {
  return Object.fromEntries([...header.matchAll(/(\w+)="?([^",]*)"?/g)].map(([, name, value]) => [name!, value!]));
}

/** What `response` has to be in an answer to a challenge with MD5 and qop=auth (RFC 7616 §3.4.1), reckoned apart from the library. */
export function expectedResponse(method: string, user: string, password: string, given: Record<string, string>): string {
  const { realm, nonce, nc, cnonce, qop, uri } = given;
  return md5([md5(`${user}:${realm}:${password}`), nonce, nc, cnonce, qop, md5(`${method}:${uri}`)].join(":"));
}
