// Which access tokens are alive. A session belongs to a user and an app; it dies by idle timeout or when it is ended, and a
// repeated login returns the same token while it lives. Authority: salesforce-facts.md section 2.

import { randomBytes } from 'node:crypto';
import type { App, User } from './directory.ts';

export interface Session {
  readonly token: string;
  readonly user: User;
  readonly scopes: readonly string[];
}

interface LiveSession extends Session {
  readonly owner: string;
  lastUsedAtMs: number;
}

export interface SessionOptions {
  readonly orgId15: string;
  readonly idleTimeoutMs: number;
  readonly now: () => number;
}

export class Sessions {
  readonly #options: SessionOptions;
  readonly #live = new Map<string, LiveSession>();
  /** The last token that each user got through each app, dead or alive. */
  readonly #lastTokens = new Map<string, string>();
  keepReturningSameTokenAfterEnd = false;
  mintDeadTokens = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** The token that a successful login returns. */
  login(user: User, app: App): string {
    const owner = `${app.consumerKey} ${user.id}`;
    const last = this.#lastTokens.get(owner);
    if (last && !this.mintDeadTokens) {
      if (this.keepReturningSameTokenAfterEnd || this.#findLive(last)) return last;
    }
    const token = mintToken(this.#options.orgId15);
    this.#lastTokens.set(owner, token);
    if (!this.mintDeadTokens) {
      const { scopes } = app;
      this.#live.set(token, { token, user, scopes, owner, lastUsedAtMs: this.#options.now() });
    }
    return token;
  }

  /** The session that a request may use; using it starts its idle time anew. */
  use(token: string): Session | undefined {
    const session = this.#findLive(token);
    if (session) session.lastUsedAtMs = this.#options.now();
    return session;
  }

  end(token: string): boolean {
    return this.#live.delete(token);
  }

  /** Ends the sessions of one user, or all of them; returns how many were alive. */
  endAll(username?: string): number {
    let ended = 0;
    for (const { token, user } of [...this.#live.values()]) {
      const isMeant = username === undefined || user.username === username;
      if (isMeant && this.#findLive(token) && this.end(token)) ended += 1;
    }
    return ended;
  }

  #findLive(token: string): LiveSession | undefined {
    const session = this.#live.get(token);
    if (!session) return undefined;
    if (this.#options.now() - session.lastUsedAtMs < this.#options.idleTimeoutMs) return session;
    this.#live.delete(token);
    return undefined;
  }
}

/** `00D…!AQ…`: the org's 15-character id, an exclamation mark, then [A-Za-z0-9._]. */
function mintToken(orgId15: string): string {
  return `${orgId15}!AQ${randomBytes(72).toString('base64url').replaceAll('-', '.')}`;
}
