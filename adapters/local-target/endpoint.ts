/** A replica that can take connections. */
export interface Endpoint {
  /** the host's port that leads to it */
  connect(): Promise<number>;
  /** Counts a connection or request as under way until what it returns is called. */
  begin(): () => void;
}
