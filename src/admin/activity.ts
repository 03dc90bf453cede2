// What the dashboard keeps of the events beside the requests themselves: who called, and what became of the configuration.
import type { Event, RequestEvent } from '../events.ts';

export interface ClientActivity {
  /** `-`: without a key. */
  readonly name: string;
  requests: number;
  /** Answers from 400 on, ours and Salesforce's. */
  errors: number;
  lastAtMs: number;
}

export interface ConfigurationState {
  readonly reloadedAtMs: number | undefined;
  /** Keys that have changed and wait for a restart. */
  readonly needsRestart: readonly string[];
  /** The newest configuration was refused, and an older one goes on. */
  readonly refused: { readonly atMs: number; readonly message: string } | undefined;
}

export class Activity {
  readonly #clients = new Map<string, ClientActivity>();
  #configuration: ConfigurationState = {
    reloadedAtMs: undefined,
    needsRestart: [],
    refused: undefined,
  };

  get configuration(): ConfigurationState {
    return this.#configuration;
  }

  /** Those who have called, the busiest first. */
  clients(): ClientActivity[] {
    return [...this.#clients.values()].sort((a, b) => b.requests - a.requests);
  }

  note(event: Event, nowMs: number): void {
    if (event.type === 'request') this.#noteClient(event, nowMs);
    else if (event.type === 'reloaded') {
      const { needsRestart } = event;
      this.#configuration = { reloadedAtMs: nowMs, needsRestart, refused: undefined };
    } else if (event.type === 'reload_refused') {
      const refused = { atMs: nowMs, message: event.error.message };
      this.#configuration = { ...this.#configuration, refused };
    }
  }

  /** Names come from the configuration, so there are only so many. */
  #noteClient({ client: name = '-', status, error }: RequestEvent, nowMs: number): void {
    let client = this.#clients.get(name);
    if (!client) {
      client = { name, requests: 0, errors: 0, lastAtMs: nowMs };
      this.#clients.set(name, client);
    }
    client.requests += 1;
    if (status >= 400 || error) client.errors += 1;
    client.lastAtMs = nowMs;
  }
}
