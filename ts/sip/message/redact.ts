/** Parameters of the authentication headers that must not reach a log: enough of them, and a password can be guessed. */
const SECRETS = new Set(["response", "nonce", "cnonce", "nextnonce", "rspauth", "opaque", "password", "username"]);
const AUTHENTICATION = new Set(["authorization", "proxy-authorization", "www-authenticate", "proxy-authenticate", "authentication-info"]);

/**
 * Makes a message, or any part of a trace, fit for a log: what an authentication header proves is replaced by `…`, and
 * so are passwords in URIs. Works line by line, folded lines included, and leaves everything else as it is.
 */
export function redact(text: string): string {
  let out = "";
  let secret = false;
  for (let i = 0; i < text.length;) {
    const newline = text.indexOf("\n", i);
    const end = newline < 0 ? text.length : newline + 1;
    const line = text.slice(i, end);
    i = end;
    const first = line.charCodeAt(0);
    const folded = first === 32 || first === 9;
    if (!folded)
      secret = AUTHENTICATION.has(
        line
          .slice(0, Math.max(0, line.indexOf(":")))
          .trim()
          .toLowerCase(),
      );
    out += secret ? redactCredentials(line, folded ? 0 : line.indexOf(":") + 1) : redactURIs(line);
  }
  return out;
}

/** Keeps scheme, realm, algorithm, qop, nc and uri, which a person needs to see. Other schemes (Basic) lose all. */
function redactCredentials(line: string, start: number): string {
  const end = line.endsWith("\r\n") ? line.length - 2 : line.endsWith("\n") ? line.length - 1 : line.length;
  const value = line.slice(start, end);
  const trimmed = value.trimStart();
  const scheme = trimmed.slice(0, Math.max(0, trimmed.indexOf(" ")));
  if (scheme !== "" && !scheme.includes("=") && scheme.toLowerCase() !== "digest")
    return `${line.slice(0, start)} ${scheme} …${line.slice(end)}`;
  let out = line.slice(0, start);
  let i = 0;
  while (i < value.length) {
    const equals = value.indexOf("=", i);
    if (equals < 0) break;
    const name = lastWord(value, i, equals);
    const valueEnd = endOfParameter(value, equals + 1);
    out += SECRETS.has(name) ? `${value.slice(i, equals)}=…` : value.slice(i, valueEnd);
    i = valueEnd;
  }
  return out + value.slice(i) + line.slice(end);
}

function lastWord(text: string, from: number, to: number): string {
  let end = to;
  while (end > from && text.charCodeAt(end - 1) <= 32) end--;
  let start = end;
  while (start > from && text.charCodeAt(start - 1) > 32 && text.charCodeAt(start - 1) !== 44) start--;
  return text.slice(start, end).toLowerCase();
}

function endOfParameter(text: string, from: number): number {
  let quoted = false;
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (quoted) {
      if (code === 92) i++;
      else if (code === 34) quoted = false;
    } else if (code === 34) quoted = true;
    else if (code === 44) return i;
  }
  return text.length;
}

/** `sip:alice:secret@host`: RFC 3261 §19.1.1 advises against passwords in URIs, which is why they turn up in logs. */
function redactURIs(line: string): string {
  let out = "";
  let i = 0;
  for (let at = line.indexOf("@"); at >= 0; at = line.indexOf("@", i)) {
    const colon = colonBefore(line, at, i);
    const scheme = colonBefore(line, colon, i);
    out += scheme >= 0 && endsWithSIP(line, scheme) ? `${line.slice(i, colon)}:…@` : line.slice(i, at + 1);
    i = at + 1;
  }
  return out + line.slice(i);
}

/** The last colon of the word that ends before `end`; -1 when there is none. */
function colonBefore(line: string, end: number, start: number): number {
  for (let i = end - 1; i >= start && line.charCodeAt(i) > 32; i--) if (line.charCodeAt(i) === 58) return i;
  return -1;
}

function endsWithSIP(line: string, end: number): boolean {
  const scheme = line.slice(Math.max(0, end - 4), end).toLowerCase();
  return scheme.endsWith("sip") || scheme === "sips";
}
