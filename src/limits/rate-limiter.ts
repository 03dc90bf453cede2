// How many requests one client may make in a second, a minute or an hour.
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { ProxyError } from '../errors.ts';

export interface Rate {
  readonly requests: number;
  readonly perSeconds: number;
}

export class RateLimiter {
  readonly #client: string;
  readonly #rate: Rate;
  readonly #limiter: RateLimiterMemory;

  constructor(client: string, rate: Rate) {
    this.#client = client;
    this.#rate = rate;
    this.#limiter = new RateLimiterMemory({ points: rate.requests, duration: rate.perSeconds });
  }

  /** @throws ProxyError `rate_limited` */
  async check(): Promise<void> {
    try {
      await this.#limiter.consume(this.#client);
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      const { requests, perSeconds } = this.#rate;
      throw new ProxyError(
        'rate_limited',
        `Client "${this.#client}" may make ${requests} requests in ${perSeconds} s (clients.rate_limit).`,
        { retryAfterSeconds: Math.max(1, Math.ceil(error.msBeforeNext / 1000)) },
      );
    }
  }
}
