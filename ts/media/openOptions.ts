import { randomBytes, randomInt } from "node:crypto";
import { isIP } from "node:net";
import { SidetoneError } from "../error.ts";
import type { OpenOptions, SessionOptions } from "./contract.ts";
import { MediaSocketError } from "./errors.ts";

/** What an engine needs to open a session, checked and complete. */
export interface CompleteOpenOptions {
  readonly address: string;
  readonly portLow: number;
  readonly portHigh: number;
  /** Any number: where among the ports to begin. Random, so that a restarted process does not meet its former calls' packets (RFC 6056). */
  readonly portStart: number;
  readonly session: SessionOptions;
}

/**
 * Completes the options alike for both engines: what RFC 3550 §5.1 wants random comes from a CSPRNG.
 * @throws MediaSocketError when the address is not an IP address
 */
export function completeOpenOptions(options: OpenOptions): CompleteOpenOptions {
  const { address, portLow, portHigh, session = {} } = options;
  if (isIP(address) === 0) throw new MediaSocketError(address, "it is not an IP address");
  if (!isPort(portLow) || !isPort(portHigh)) {
    const message = `RTP ports are whole numbers from 1 to 65535, not ${portLow}–${portHigh}: check rtpPortLow and rtpPortHigh`;
    throw new SidetoneError("INVALID_PORT", message);
  }
  return {
    address,
    portLow,
    portHigh,
    portStart: randomInt(2 ** 32),
    session: {
      ...session,
      ssrc: session.ssrc ?? randomInt(2 ** 32),
      sequence: session.sequence ?? randomInt(2 ** 16),
      timestamp: session.timestamp ?? randomInt(2 ** 32),
      seed: session.seed ?? randomInt(2 ** 32),
      // RFC 7022 §4.2: at least 96 bits, in base64.
      cname: session.cname ?? randomBytes(12).toString("base64"),
    },
  };
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}
