// How the token endpoint misbehaves, on request of a test: for the next N requests or until it is told otherwise.

export interface TokenFault {
  /** 'ok' with `delayMs` is a slow endpoint; 'html' is Salesforce's maintenance page; 'reset' destroys the socket. */
  readonly mode: 'ok' | 'hang' | 'reset' | 'html' | 'empty' | 'garbled' | 'status';
  /** Default: 200, or 400 for mode 'status' without a `body`. */
  readonly status?: number;
  readonly error?: string;
  readonly error_description?: string;
  /** Wait before doing anything. */
  readonly delayMs?: number;
  /** For how many requests; default: until changed. */
  readonly times?: number;
  /** Mode 'status': this text as the JSON body, whatever it is. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const ok: TokenFault = { mode: 'ok' };

export class TokenFaults {
  #fault = ok;
  #left = Number.POSITIVE_INFINITY;

  set(fault: TokenFault): void {
    this.#fault = fault;
    this.#left = fault.times ?? Number.POSITIVE_INFINITY;
  }

  /** What happens to the request that just arrived. */
  take(): TokenFault {
    if (this.#left <= 0) return ok;
    this.#left -= 1;
    return this.#fault;
  }
}
