import { SidetoneError } from "../error.ts";

/** How a peer reaches us cannot be said: it lies behind a NAT without a name for us, there is no route, or a setting is no network. */
export class NATError extends SidetoneError {
  /** The peer in question, or the setting. */
  readonly host: string;

  constructor(host: string, reason: string, options?: ErrorOptions) {
    super("NAT", `${host}: ${reason}`, options);
    this.host = host;
  }
}

/** A name that leads to no address. */
export class NameResolutionError extends SidetoneError {
  readonly host: string;
  /** The resolver's, for instance `ENOTFOUND`. */
  readonly systemCode?: string;

  constructor(host: string, reason: string, systemCode?: string, options?: ErrorOptions) {
    super("NAME_RESOLUTION", `cannot resolve ${JSON.stringify(host)}: ${reason}; check the name, or give an address`, options);
    this.host = host;
    if (systemCode !== undefined) this.systemCode = systemCode;
  }
}
