/** A name and its secret; both empty for the anonymous user (RFC 3261 §22.1). */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Where a digest's secrets come from: a `CredentialsManager`, or anything that knows them. */
export interface CredentialsSource {
  /**
   * @param server the host that the request goes to
   * @param realm the protection domain that the challenge names
   * @param user the user part of the URI that the request is made for, not the name to authenticate with
   * @returns credentials; an empty username when there are none
   */
  get(server: string, realm: string, user: string): Credentials;
}
