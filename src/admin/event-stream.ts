// Server-sent events (HTML Standard, section 9.2): the last requests, then what comes. A subscriber has no buffer of its own:
// it remembers how far it has read in the ring, so that a slow one misses requests and never costs memory, and one that reads
// nothing at all is dropped.
import type { ServerResponse } from 'node:http';
import { ProxyError } from '../errors.ts';
import type { RequestFeed } from './request-feed.ts';

export interface EventStreamOptions {
  readonly feed: RequestFeed;
  /** What `/api/status` says. */
  readonly status: () => object;
  /** Tells this process from the one before it, whose numbers mean nothing here. */
  readonly processId: string;
  readonly flushMs?: number;
  readonly heartbeatMs?: number;
}

interface Subscriber {
  readonly res: ServerResponse;
  /** The last request that it was sent. */
  sequence: number;
  statusVersion: number;
  /** When something was last sent. */
  sentAtMs: number;
}

const maxSubscribers = 50;

export class EventStream {
  readonly #options: EventStreamOptions;
  readonly #flushMs: number;
  readonly #heartbeatMs: number;
  readonly #subscribers = new Set<Subscriber>();
  #statusVersion = 1;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    this.#flushMs = options.flushMs ?? 250;
    this.#heartbeatMs = options.heartbeatMs ?? 15_000;
  }

  get subscribers(): number {
    return this.#subscribers.size;
  }

  /** The status is not what it was: every subscriber gets it. */
  statusChanged(): void {
    this.#statusVersion += 1;
  }

  /**
   * @param lastEventId of a subscriber that comes back: it gets what it missed
   * @throws ProxyError `overloaded`
   */
  subscribe(res: ServerResponse, lastEventId = ''): void {
    if (this.#subscribers.size >= maxSubscribers) {
      throw new ProxyError('overloaded', `${maxSubscribers} already read the events.`, {
        retryAfterSeconds: 10,
      });
    }
    res.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    const sequence = this.#sequenceOf(lastEventId);
    const subscriber = { res, sequence, statusVersion: 0, sentAtMs: performance.now() };
    this.#subscribers.add(subscriber);
    res.once('close', () => this.#remove(subscriber));
    res.write('retry: 2000\n\n');
    this.#flush(subscriber);
    this.#timer ??= setInterval(() => this.#flushAll(), this.#flushMs).unref();
  }

  #remove(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
    if (this.#subscribers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #flushAll(): void {
    for (const subscriber of this.#subscribers) this.#flush(subscriber);
  }

  #flush(subscriber: Subscriber): void {
    const { res, sentAtMs } = subscriber;
    const nowMs = performance.now();
    const isQuiet = nowMs - sentAtMs >= this.#heartbeatMs;
    if (res.writableNeedDrain) {
      // What was sent a whole heartbeat ago has not even left: nobody reads it.
      if (isQuiet) res.destroy();
      return;
    }
    const text = this.#news(subscriber) || (isQuiet ? ': still here\n\n' : '');
    if (text === '') return;
    subscriber.sentAtMs = nowMs;
    res.write(text);
  }

  #news(subscriber: Subscriber): string {
    const { feed, status, processId } = this.#options;
    let text = '';
    if (subscriber.statusVersion !== this.#statusVersion) {
      subscriber.statusVersion = this.#statusVersion;
      text += `event: status\ndata: ${JSON.stringify(status())}\n\n`;
    }
    if (subscriber.sequence === feed.last) return text;
    for (const request of feed.since(subscriber.sequence)) {
      text += `event: request\nid: ${processId}-${request.number}\ndata: ${JSON.stringify(request)}\n\n`;
    }
    subscriber.sequence = feed.last;
    return text;
  }

  #sequenceOf(lastEventId: string): number {
    const { feed, processId } = this.#options;
    const [, id, digits] = /^(.+)-(\d{1,15})$/.exec(lastEventId) ?? [];
    return id === processId ? Math.min(Number(digits), feed.last) : 0;
  }
}
