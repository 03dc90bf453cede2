// What the simulated org has seen: counters, and the API requests that it really executed. It is how a test proves "once".

export interface ExecutedRequest {
  readonly method: string;
  /** Path and query as they arrived, byte for byte. */
  readonly path: string;
  readonly username: string;
  readonly bodySha256: string;
  readonly bodyLength: number;
}

export interface RequestCounts {
  /** Requests that reached the token endpoint, whatever became of them. */
  tokenRequests: number;
  /** Successful logins. */
  exchanges: number;
  /** API requests whose session was accepted. */
  requests: number;
  /** Answers that said "this session is dead". */
  refused: number;
}

const maxExecuted = 100_000;

export class RequestLog {
  counts: RequestCounts = noCounts();
  #executed: ExecutedRequest[] = [];
  #next = 0;

  addExecuted(request: ExecutedRequest): void {
    this.#executed[this.#next % maxExecuted] = request;
    this.#next += 1;
  }

  /** Oldest first; the last 100,000. */
  executed(): ExecutedRequest[] {
    const oldest = this.#next > maxExecuted ? this.#next % maxExecuted : 0;
    return [...this.#executed.slice(oldest), ...this.#executed.slice(0, oldest)];
  }

  reset(): void {
    this.counts = noCounts();
    this.#executed = [];
    this.#next = 0;
  }
}

function noCounts(): RequestCounts {
  return { tokenRequests: 0, exchanges: 0, requests: 0, refused: 0 };
}
