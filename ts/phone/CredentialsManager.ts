import type { CredentialsSource } from "../sip/auth/credentials.ts";

interface Entry {
  readonly username: string;
  readonly password: string;
  readonly server: string | undefined;
  readonly realm: string | undefined;
  readonly user: string | undefined;
}

/**
 * Keeps the user names and passwords that a phone may need, and finds the most specific for a challenge.
 *
 * @example
 * const credentials = new CredentialsManager();
 * credentials.add("alice", "secret");                                   // anywhere
 * credentials.add("alice-trunk", "other", "sip.example.net");          // at this server only
 */
export class CredentialsManager implements CredentialsSource {
  readonly #entries: Entry[] = [];

  /**
   * Adds an account. A filter left out matches anything.
   * @param server the host that challenges @param realm the realm it names @param user the user part of the URI called as, which may differ from the user name
   */
  add(username: string, password: string, server?: string, realm?: string, user?: string): void {
    this.#entries.push({ username, password, server, realm, user });
  }

  /**
   * The most specific match: a matching `server` filter counts most, then `realm`, then `user`; of equals the one added last.
   * Nothing found gives `anonymous` with an empty password (RFC 3261 §22.1).
   */
  get(server: string, realm: string, user: string): { username: string; password: string } {
    let best: Entry | undefined;
    let bestScore = -1;
    for (const entry of this.#entries) {
      if (entry.server !== undefined && entry.server.toLowerCase() !== server.toLowerCase()) continue;
      if (entry.realm !== undefined && entry.realm !== realm) continue;
      if (entry.user !== undefined && entry.user !== user) continue;
      const score = (entry.server === undefined ? 0 : 4) + (entry.realm === undefined ? 0 : 2) + (entry.user === undefined ? 0 : 1);
      if (score >= bestScore) {
        best = entry;
        bestScore = score;
      }
    }
    return best === undefined ? { username: "anonymous", password: "" } : { username: best.username, password: best.password };
  }
}
