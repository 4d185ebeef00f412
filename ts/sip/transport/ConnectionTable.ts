import type { Connection } from "./Connection.ts";
import type { Endpoint } from "./transport.ts";

/** Whether a connection to the right address may carry what is meant for that name. */
export type AnswersTo = (connection: Connection, host: string) => boolean;

/** The connections of a transport, by the far end's address and port: the one it uses, or the one it listens at (RFC 5923). */
export class ConnectionTable {
  readonly #byRemote = new Map<string, Set<Connection>>();
  /** The ports at which the far ends of incoming connections say that they listen. */
  readonly #aliases = new Map<Connection, number>();
  readonly #all = new Set<Connection>();

  get size(): number {
    return this.#all.size;
  }

  all(): Connection[] {
    return [...this.#all];
  }

  add(connection: Connection): void {
    this.#all.add(connection);
    this.#put(connection, connection.remote.port);
  }

  /** The port is where the far end of this connection listens: what is meant for there may as well go over it. */
  alias(connection: Connection, port: number): void {
    const known = this.#aliases.get(connection);
    if (known === port || !this.#all.has(connection)) return;
    if (known !== undefined) this.#take(connection, known);
    this.#aliases.set(connection, port);
    this.#put(connection, port);
  }

  /** @returns its alias, if it had one */
  delete(connection: Connection): number | undefined {
    if (!this.#all.delete(connection)) return undefined;
    this.#take(connection, connection.remote.port);
    const alias = this.#aliases.get(connection);
    this.#aliases.delete(connection);
    if (alias !== undefined) this.#take(connection, alias);
    return alias;
  }

  /**
   * A connection to that endpoint that can be sent over, the newest: it is the likeliest to live. Where a name led there, its far end must
   * answer to the name. A bare address takes what there is: proxies write theirs into Record-Route, and no certificate is for addresses.
   */
  find(to: Endpoint, answersTo: AnswersTo): Connection | undefined {
    const { host } = to;
    const usable = [...(this.#byRemote.get(keyOf(to.address, to.port)) ?? [])].filter(
      (connection) => connection.usable && (host === undefined || connection.remote.host === host || answersTo(connection, host)),
    );
    return usable.at(-1);
  }

  #put(connection: Connection, port: number): void {
    const key = keyOf(connection.remote.address, port);
    const there = this.#byRemote.get(key);
    if (there === undefined) this.#byRemote.set(key, new Set([connection]));
    else there.add(connection);
  }

  #take(connection: Connection, port: number): void {
    const key = keyOf(connection.remote.address, port);
    const there = this.#byRemote.get(key);
    there?.delete(connection);
    if (there?.size === 0) this.#byRemote.delete(key);
  }
}

function keyOf(address: string, port: number): string {
  return `${address} ${port}`;
}
