// The probes, as cloud-sql-proxy means them: has it started, does it live, may it be sent requests? None depends on
// Salesforce: an org that is down is no reason to restart the proxy, nor to send requests to none of its replicas.
import { Hono } from 'hono';
import type { AdminEnv } from './admin-env.ts';

export type Readiness = 'starting' | 'ready' | 'draining';

export class Health {
  #readiness: Readiness = 'starting';

  get readiness(): Readiness {
    return this.#readiness;
  }

  /** Every listener is open. */
  setStarted(): void {
    if (this.#readiness === 'starting') this.#readiness = 'ready';
  }

  setDraining(): void {
    this.#readiness = 'draining';
  }
}

export function probes(health: Health): Hono<AdminEnv> {
  return new Hono<AdminEnv>()
    .get('/healthz', (c) => c.text('ok\n'))
    .get('/startupz', (c) =>
      health.readiness === 'starting' ? c.text('starting\n', 503) : c.text('ok\n'),
    )
    .get('/readyz', (c) =>
      health.readiness === 'ready' ? c.text('ok\n') : c.text(`${health.readiness}\n`, 503),
    );
}
