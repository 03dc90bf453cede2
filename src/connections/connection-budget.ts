// The bound on the connections of one org, over both lanes: whoever wants one more waits until another has ended. Each lane has
// a share of its own, so that this happens only where an org has connections to two instances, or one is opened for a request
// that is sent again.
import { ProxyError } from '../errors.ts';
import type { OpenSocket } from './upstream-socket.ts';

export interface ConnectionBudgetOptions {
  readonly openSocket: OpenSocket;
  readonly maxConnections: number;
  readonly connectTimeoutMs: number;
  /** One more than there may be is wanted: is one of them idle? */
  readonly onShort: () => void;
}

export class ConnectionBudget {
  readonly #options: ConnectionBudgetOptions;
  readonly #waiting = new Set<() => void>();
  #taken = 0;
  /** Somebody waits. */
  isShort = false;

  constructor(options: ConnectionBudgetOptions) {
    this.#options = options;
  }

  readonly openSocket: OpenSocket = (address, opened) => {
    const { maxConnections, connectTimeoutMs, onShort } = this.#options;
    if (this.#taken < maxConnections) {
      this.#open(address, opened);
      return;
    }
    const next = () => {
      this.#waitNoLonger(next);
      clearTimeout(timer);
      this.#open(address, opened);
    };
    const timer = setTimeout(() => {
      this.#waitNoLonger(next);
      const message = `All ${maxConnections} connections (upstream.max_connections) were in use.`;
      opened(new ProxyError('upstream_timeout', message, { requestMayHaveArrived: false }), null);
    }, connectTimeoutMs);
    this.#waiting.add(next);
    this.isShort = true;
    onShort();
  };

  #waitNoLonger(next: () => void): void {
    this.#waiting.delete(next);
    this.isShort = this.#waiting.size > 0;
  }

  readonly #open: OpenSocket = (address, opened) => {
    this.#taken += 1;
    this.#options.openSocket(address, (...outcome) => {
      if (outcome[1]) outcome[1].once('close', this.#release);
      else this.#release();
      opened(...outcome);
    });
  };

  readonly #release = (): void => {
    this.#taken -= 1;
    const [next] = this.#waiting;
    next?.();
  };
}
