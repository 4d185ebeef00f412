import { SidetoneError } from "../../error.ts";

/** The registration did not come about, for another reason than the account: the server is out of order, overloaded, or silent. */
export class RegistrationError extends SidetoneError {
  readonly server: string;
  readonly user: string;
  /** The registrar's last final status; 408 when none came. */
  readonly status: number;
  readonly reason: string;

  constructor(server: string, user: string, problem: string, status: number, reason: string, options?: ErrorOptions) {
    super("REGISTRATION_FAILED", `${user} could not be registered at ${server}: ${problem}; check the server's address and port, and that it runs`, options);
    this.server = server;
    this.user = user;
    this.status = status;
    this.reason = reason;
  }
}
