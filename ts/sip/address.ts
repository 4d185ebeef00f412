import { SIPTargetError } from "./dialog/errors.ts";
import { parseURI, SIPURI, type URI } from "./message/SIPURI.ts";
import { TelURI } from "./message/TelURI.ts";

/**
 * A target as a user writes it: a user of our domain (`bob`), `bob@host`, or a whole URI.
 * @throws SIPTargetError
 */
export function addressOf(target: string | SIPURI, domain: string | undefined): SIPURI {
  if (target instanceof SIPURI) return target;
  try {
    if (!/^[a-z][a-z0-9+.-]*:/i.test(target)) {
      if (target.trim() === "") throw new SIPTargetError(target, "it is empty");
      if (target.includes("@")) return SIPURI.parse(`sip:${target}`);
      if (domain === undefined) throw new SIPTargetError(target, "without a server it needs a host: call sip:user@host:port");
      return new SIPURI({ user: target, host: domain });
    }
    const uri = parseURI(target);
    if (uri instanceof SIPURI) return uri;
    if (uri instanceof TelURI && domain !== undefined) return new SIPURI({ user: uri.number, host: domain, params: { user: "phone" } });
    throw new SIPTargetError(target, "it is no SIP address: call sip:user@host");
  } catch (error) {
    if (error instanceof SIPTargetError) throw error;
    throw new SIPTargetError(target, error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** RFC 3261 §19.1.1, table 1: what of a URI may stand in To. */
export function toURI(uri: SIPURI): SIPURI {
  const params = uri.params.clone();
  for (const name of ["method", "maddr", "ttl", "transport", "lr"]) params.delete(name);
  return uri.with({ port: uri.port, params, headers: undefined, password: undefined });
}

/** A proxy is a loose router (RFC 3261 §16.12): nobody runs another kind any more. */
export function outboundProxyOf(text: string | undefined): SIPURI | undefined {
  if (text === undefined) return undefined;
  let uri: URI;
  try {
    uri = parseURI(/^sips?:/i.test(text) ? text : `sip:${text}`);
  } catch (error) {
    throw new SIPTargetError(text, "the outbound proxy is no SIP address: write host, host:port or sip:host;transport=tcp", { cause: error });
  }
  if (!(uri instanceof SIPURI)) throw new SIPTargetError(text, "the outbound proxy is no SIP address: write host, host:port or sip:host;transport=tcp");
  const params = uri.params.clone();
  params.set("lr", true);
  return uri.with({ params });
}
