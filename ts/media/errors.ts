import { SidetoneError } from "../error.ts";

/** Every RTP port of the range is taken. */
export class NoPortsAvailableError extends SidetoneError {
  readonly address: string;
  readonly portLow: number;
  readonly portHigh: number;

  constructor(address: string, portLow: number, portHigh: number) {
    super(
      "NO_PORTS_AVAILABLE",
      `no RTP port is free on ${address} between ${portLow} and ${portHigh}: end a call, or widen rtpPortLow–rtpPortHigh`,
    );
    this.address = address;
    this.portLow = portLow;
    this.portHigh = portHigh;
  }
}

/** The RTP socket cannot be bound, whatever the port: a wrong address, or no permission. */
export class MediaSocketError extends SidetoneError {
  readonly address: string;

  constructor(address: string, reason: string, options?: ErrorOptions) {
    super("MEDIA_SOCKET", `cannot open an RTP socket on ${address}: ${reason}; check bindIp`, options);
    this.address = address;
  }
}

/** The engine that was asked for does not run here. */
export class EngineUnavailableError extends SidetoneError {
  /** Why, a line for each file tried. */
  readonly refused: readonly string[];

  constructor(refused: readonly string[]) {
    super(
      "ENGINE_UNAVAILABLE",
      `SIDETONE_ENGINE=native, but no addon loads:\n  ${refused.join("\n  ")}\n` +
        "Build it with `npm run prebuildify` (needs cargo), or unset SIDETONE_ENGINE to run the TypeScript engine.",
    );
    this.refused = refused;
  }
}
