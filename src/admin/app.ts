// The admin listener: its whole URL map on one screen.
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import { ProxyError } from '../errors.ts';
import { sendError } from '../middleware/error-response.ts';
import type { OrgStatus } from '../org.ts';
import type { AdminEnv } from './admin-env.ts';
import { assets } from './assets.ts';
import { dashboardPage } from './dashboard-page.ts';
import type { EventStream } from './event-stream.ts';
import { adminHost, adminOrigin, assertIsAction, securityHeaders } from './guards.ts';
import { type Health, probes } from './health.ts';
import { orgJson, readStatus, type StatusSource } from './status.ts';
import type { TrafficHistory } from './traffic-history.ts';

export interface AdminAppOptions {
  readonly allowedHosts: () => readonly string[];
  readonly health: Health;
  readonly status: StatusSource;
  readonly history: TrafficHistory;
  readonly events: EventStream;
  readonly metrics: { readonly contentType: string; scrape(): Promise<string> };
  readonly logInAgain: (org: string) => Promise<OrgStatus>;
}

export function createAdminApp(options: AdminAppOptions): Hono<AdminEnv> {
  const { status, history, events, metrics } = options;
  const noStore = { 'cache-control': 'no-store' };
  return new Hono<AdminEnv>()
    .use(securityHeaders())
    .route('/', probes(options.health))
    .use(adminHost(options.allowedHosts))
    .use(adminOrigin())
    .get('/', (c) => {
      const nowMs = status.now();
      return c.html(dashboardPage(readStatus(status), history.summary(nowMs)), 200, noStore);
    })
    .route('/assets', assets())
    .get('/metrics', async (c) =>
      c.body(await metrics.scrape(), 200, { 'content-type': metrics.contentType }),
    )
    .get('/api/status', (c) => c.json(readStatus(status), 200, noStore))
    .get('/api/history', (c) => c.json(history.series(status.now()), 200, noStore))
    .get('/api/events', (c) => {
      events.subscribe(c.env.outgoing, c.req.header('last-event-id'));
      return RESPONSE_ALREADY_SENT;
    })
    .post('/api/orgs/:name/login', async (c) => {
      assertIsAction(c.env.incoming);
      const org = await options.logInAgain(c.req.param('name'));
      const isReady = org.users.every(({ state }) => state === 'ready');
      return c.json(orgJson(org), isReady ? 200 : 502, noStore);
    })
    .notFound((c) => {
      throw new ProxyError('route_unknown', `There is no ${c.req.method} ${c.req.path} here.`);
    })
    .onError((error, c) => {
      sendError(c.env.incoming, c.env.outgoing, error, []);
      return RESPONSE_ALREADY_SENT;
    });
}
