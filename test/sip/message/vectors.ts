import { readFileSync } from "node:fs";
import { SIPParseError } from "../../../ts/sip/errors.ts";
import { parseMessage, SIPRequest, SIPResponse } from "../../../ts/sip/message/index.ts";

const folder = new URL("../../vectors/sip/", import.meta.url);

/** The bytes of a torture message, for instance `vector("rfc4475", "wsinv")`. */
export function vector(rfc: "rfc4475" | "rfc5118", name: string): Buffer {
  return readFileSync(new URL(`${rfc}/${name}.dat`, folder));
}

export function request(rfc: "rfc4475" | "rfc5118", name: string): SIPRequest {
  const message = parseMessage(vector(rfc, name));
  if (!(message instanceof SIPRequest)) throw new Error(`${name} is no request`);
  return message;
}

export function response(rfc: "rfc4475" | "rfc5118", name: string): SIPResponse {
  const message = parseMessage(vector(rfc, name));
  if (!(message instanceof SIPResponse)) throw new Error(`${name} is no response`);
  return message;
}

/** The error of a message that must be refused. */
export function refusal(bytes: Uint8Array): SIPParseError {
  try {
    parseMessage(bytes);
  } catch (error) {
    if (error instanceof SIPParseError) return error;
    throw error;
  }
  throw new Error("the message was accepted");
}
