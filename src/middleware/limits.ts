// May this request go now? The API budget of the org, the rate of the client, and a place among those in flight.
import type { Call, Middleware } from './call.ts';

export function limits(): Middleware {
  return async function limits(call) {
    const { org, client } = call;
    if (client?.priority !== 'high') org.budget.check(org.name);
    await client?.rateLimiter?.check();
    // A client that is slow to send its body must not keep a place from others.
    await call.holdBody();
    if (!org.queue.tryEnter()) await waitForPlace(call);
    call.whenOver(() => org.queue.leave());
    return undefined;
  };
}

async function waitForPlace({ org, client, presence, trace }: Call): Promise<void> {
  const startedAtMs = performance.now();
  try {
    await org.queue.enter(client?.name ?? '', presence.signal);
  } finally {
    trace.waitingMs = performance.now() - startedAtMs;
  }
}
