/** An answer of somebody else's server. A redirect is an answer like any other: it is never followed. */
export interface OutboundAnswer {
  status: number;
  /** its first 16 KiB */
  body: string;
}

/** The one way out for requests to addresses that users gave us. */
export interface OutboundClient {
  /** @throws OutboundError when there is no answer, or the address may not be reached */
  post(
    url: string,
    request: { headers: Readonly<Record<string, string>>; body: string },
  ): Promise<OutboundAnswer>;
}

/** What may be said of a host by its name alone; what the name stands for is judged when it is connected to. */
export interface HostRules {
  /** the operator names it, or the range that it lies in */
  isNamed(host: string): boolean;
  /** false for an address that is not public and that the operator does not name */
  mayBeReached(host: string): boolean;
}

/** No answer. The message is fit for whoever set the address. */
export class OutboundError extends Error {
  override readonly name = 'OutboundError';
  /** true: the address may not be reached from here; another try changes nothing */
  readonly isRefused: boolean;

  constructor(message: string, isRefused: boolean) {
    super(message);
    this.isRefused = isRefused;
  }
}
