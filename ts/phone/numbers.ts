import { parseURI, SIPURI } from "../sip/message/SIPURI.ts";
import { InvalidOptionError } from "./errors.ts";
import { defaultPort, type PhoneOptions } from "./options.ts";
import { type TransferOptions, withoutBrackets } from "./transfer.ts";

type Server = Pick<PhoneOptions, "server" | "port" | "transportMode">;

/** Whom a number means: a user of the phone's server, or whoever has that SIP address. @throws InvalidOptionError */
export function targetOf(number: string, { server, port, transportMode }: Server): SIPURI {
  if (/^[a-z][a-z0-9+.-]*:/i.test(number)) {
    const uri = parseURI(number);
    if (uri instanceof SIPURI) return uri;
    throw new InvalidOptionError("number", `${JSON.stringify(number)} is no SIP address: use sip:user@host`);
  }
  if (server === undefined) {
    throw new InvalidOptionError("number", `${JSON.stringify(number)} needs a server to look it up: set server, or call sip:user@host:port`);
  }
  return new SIPURI({ scheme: "sip", user: number, host: server, ...(port === undefined || port === defaultPort(transportMode) ? {} : { port }) });
}

/** What a call asks to be transferred to; undefined when that is another call's far end. @throws InvalidOptionError */
export function transferTarget({ user, uri, call }: TransferOptions, server: Server): SIPURI | undefined {
  if ([user, uri, call].filter((each) => each !== undefined).length !== 1) {
    throw new InvalidOptionError("transfer", "needs exactly one of user, uri and call");
  }
  if (user !== undefined) return targetOf(user, server);
  return uri === undefined ? undefined : targetOf(withoutBrackets(uri), server);
}
