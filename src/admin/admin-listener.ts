// The operator's side of the proxy, put together: what it remembers of the events, and the listener that shows it.
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import packageJson from '../../package.json' with { type: 'json' };
import type { ListenAddress } from '../config/listen-address.ts';
import { ProxyError } from '../errors.ts';
import type { Emit, Event } from '../events.ts';
import { closeConnections, openListener, stopListening } from '../listener.ts';
import type { OrgStatus } from '../org.ts';
import { Activity } from './activity.ts';
import type { AdminEnv } from './admin-env.ts';
import { createAdminApp } from './app.ts';
import { EventStream } from './event-stream.ts';
import { Health } from './health.ts';
import { createLoginAction } from './login-action.ts';
import { RequestFeed } from './request-feed.ts';
import { readStatus, type StatusSource } from './status.ts';
import { TrafficHistory } from './traffic-history.ts';

export interface AdminListenerOptions {
  readonly address: ListenAddress;
  /** Nobody asked for this address: where it is in use, the proxy goes without. */
  readonly isOptional: boolean;
  /** Names that are served beside localhost and the address itself. */
  readonly allowedHosts: () => readonly string[];
  readonly orgs: () => readonly OrgStatus[];
  readonly logInAgain: (org: string) => Promise<void>;
  readonly metrics: {
    readonly contentType: string;
    scrape(orgs: readonly OrgStatus[]): Promise<string>;
  };
  readonly emit: Emit;
  /** Brings what is shown up to date. */
  readonly flush: () => void;
  readonly now: () => number;
}

export interface AdminListener {
  /** One of the sinks of events. */
  readonly note: Emit;
  /** @throws ProxyError `listen_failed` */
  open(): Promise<void>;
  /** Every listener is open: from now on it is ready. */
  setStarted(): void;
  /** From now on it is not ready. */
  setDraining(): void;
  close(): Promise<void>;
}

const advice = 'Choose another as admin.listen in the configuration, or have none: admin: off.';
const localNames = ['localhost', '*.localhost'];

export function createAdminListener(options: AdminListenerOptions): AdminListener {
  const { address, emit, now, orgs, metrics } = options;
  const health = new Health();
  const activity = new Activity();
  const feed = new RequestFeed();
  const history = new TrafficHistory();
  const startedAtMs = now();
  const status: StatusSource = {
    version: packageJson.version,
    startedAtMs,
    readiness: () => health.readiness,
    orgs,
    activity,
    now,
  };
  const processId = startedAtMs.toString(36);
  const events = new EventStream({ feed, processId, status: () => readStatus(status) });
  const app = createAdminApp({
    allowedHosts: namesOf(options),
    health,
    status,
    history,
    events,
    metrics: { contentType: metrics.contentType, scrape: () => metrics.scrape(orgs()) },
    logInAgain: createLoginAction(options),
  });
  const fetch = (request: Request, env: unknown) => {
    options.flush();
    return app.fetch(request, env as AdminEnv['Bindings']);
  };
  const server = createServer(
    getRequestListener(fetch, { overrideGlobalObjects: false, hostname: 'localhost' }),
  );

  let opened: string | undefined;
  return {
    note: (event) => {
      const nowMs = now();
      activity.note(event, nowMs);
      if (event.type === 'request') {
        feed.add(event, nowMs);
        history.note(event, nowMs);
      } else if (changesStatus(event)) events.statusChanged();
    },
    open: async () => {
      try {
        opened = await openListener(server, address, 'http', advice);
      } catch (error) {
        if (!options.isOptional || !(error instanceof ProxyError)) throw error;
        emit({ type: 'admin_unavailable', error });
      }
    },
    setStarted: () => {
      // Not before: where a data listener cannot be opened, its error is the one line that counts.
      if (opened !== undefined) emit({ type: 'admin_listening', address: opened });
      health.setStarted();
      events.statusChanged();
    },
    setDraining: () => {
      health.setDraining();
      events.statusChanged();
    },
    close: async () => {
      stopListening(server);
      await closeConnections(server, 0);
    },
  };
}

/** The same list until the configuration has another. */
function namesOf({ address, allowedHosts }: AdminListenerOptions): () => readonly string[] {
  const own = address.kind === 'tcp' ? [address.host.toLowerCase()] : [];
  let configured: readonly string[] | undefined;
  let names: readonly string[] = [];
  return () => {
    if (configured !== allowedHosts()) {
      configured = allowedHosts();
      names = [...localNames, ...own, ...configured];
    }
    return names;
  };
}

function changesStatus({ type }: Event): boolean {
  return type !== 'listening' && type !== 'admin_listening' && type !== 'bug';
}
