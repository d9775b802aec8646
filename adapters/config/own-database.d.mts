/** Where the Postgres that `npm start` brings is found. */
export interface OwnDatabase {
  /** of its socket; null: it listens on 127.0.0.1 */
  folder: string | null;
  /** of 127.0.0.1, or the one that the socket is named after */
  port: number;
}

/** The socket of a Postgres, in its folder. */
export function socketFile(folder: string, port?: number): string;

/**
 * Where Postgres is to listen: on a socket in the folder of its data, which no other account may enter.
 * @param home absolute
 * @param choosePort asked only where the path is too long for a socket
 */
export function placeOwnDatabase(
  home: string,
  choosePort: () => Promise<number>,
): Promise<OwnDatabase>;

/** @returns an address that holds the password */
export function urlOfOwnDatabase(place: OwnDatabase, password: string, database?: string): string;

/** What the last start over a home has written down. @returns null: none was started there */
export function findOwnDatabase(home: string): Promise<OwnDatabase | null>;

/** @returns the address of the database that `npm start` runs over a home, with its password; null: none was started */
export function ownDatabaseUrl(home: string): Promise<string | null>;
