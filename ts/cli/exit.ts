import {
  EngineUnavailableError,
  type EndReason,
  InvalidAccountInfoError,
  InvalidOptionError,
  InvalidRangeError,
  MediaSocketError,
  NameResolutionError,
  NATError,
  NoPortsAvailableError,
  RegistrationError,
  RequestTimeoutError,
  RequestTransportError,
  SidetoneError,
} from "../index.ts";

/** Exit statuses of the command, one an outcome; `--help` lists them. */
export const ExitStatus = {
  DONE: 0,
  FAILED: 1,
  USAGE: 2,
  NOT_REGISTERED: 3,
  BUSY: 4,
  REFUSED: 5,
  NOT_FOUND: 6,
  NO_ANSWER: 7,
  NETWORK: 8,
  NOT_TRANSFERRED: 9,
  INTERRUPTED: 130,
} as const;
export type ExitStatus = (typeof ExitStatus)[keyof typeof ExitStatus];

/** The command line itself is wrong. */
export class UsageError extends SidetoneError {
  constructor(message: string) {
    super("USAGE", message);
  }
}

/** The exit status for an error that ended a command. */
export function statusOfError(error: unknown): ExitStatus {
  if (error instanceof UsageError || error instanceof InvalidOptionError || error instanceof InvalidRangeError) return ExitStatus.USAGE;
  if (error instanceof InvalidAccountInfoError || error instanceof RegistrationError) return ExitStatus.NOT_REGISTERED;
  if (error instanceof NoPortsAvailableError || error instanceof MediaSocketError || error instanceof EngineUnavailableError)
    return ExitStatus.NETWORK;
  if (error instanceof NATError || error instanceof NameResolutionError) return ExitStatus.NETWORK;
  if (error instanceof RequestTransportError) return ExitStatus.NETWORK;
  if (error instanceof RequestTimeoutError) return ExitStatus.NO_ANSWER;
  if (error instanceof SidetoneError && error.code.startsWith("TRANSPORT_")) return ExitStatus.NETWORK;
  return ExitStatus.FAILED;
}

/** The exit status for a call's end. */
export function statusOfEnd({ cause, status = 0 }: EndReason): ExitStatus {
  if (cause === "bye" || cause === "cancel") return ExitStatus.DONE;
  if (cause === "no-answer") return ExitStatus.NO_ANSWER;
  if (cause === "transport" || cause === "gone" || cause === "expired") return ExitStatus.NETWORK;
  if (cause !== "rejected" && cause !== "redirected") return ExitStatus.FAILED;
  if (status === 486 || status === 600) return ExitStatus.BUSY;
  if ([404, 410, 484, 485, 604].includes(status)) return ExitStatus.NOT_FOUND;
  if ([408, 480, 487].includes(status)) return ExitStatus.NO_ANSWER;
  return ExitStatus.REFUSED;
}
