// May this request go now? The API budget of the org, the rate of the client, and a place among those in flight.
import type { MiddlewareHandler } from 'hono';
import type { ProxyEnv } from './proxy-env.ts';

export function limits(): MiddlewareHandler<ProxyEnv> {
  return async function limits(c, next) {
    const { org, client, holdBody, signal, trace } = c.var;
    if (client?.priority !== 'high') org.budget.check(org.name);
    await client?.rateLimiter?.check();
    // A client that is slow to send its body must not keep a place from others.
    await holdBody();
    if (!org.queue.tryEnter()) {
      const startedAtMs = performance.now();
      try {
        await org.queue.enter(client?.name ?? '', signal);
      } finally {
        trace.waitingMs = performance.now() - startedAtMs;
      }
    }
    try {
      await next();
    } finally {
      org.queue.leave();
    }
  };
}
