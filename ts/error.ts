/**
 * The root of every error that Sidetone throws.
 *
 * A message says what went wrong, where (the address, the range, the state it was in), and what to do about it;
 * `code` is for programs: it is stable, and the message is not.
 */
export class SidetoneError extends Error {
  /** A stable name for programs, for instance `"PORTS_EXHAUSTED"`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
  }
}
