// May this request go now? The API budget of the org, the rate of the client, and a place among those in flight.
import type { Call, Middleware } from './call.ts';

export function limits(): Middleware {
  return function limits(call) {
    const { org, client } = call;
    if (client?.priority !== 'high') org.budget.check(org.name);
    const mustWait = client?.rateLimiter !== undefined || call.holdBody() instanceof Promise;
    return mustWait ? enterLater(call) : enter(call);
  };
}

async function enterLater(call: Call): Promise<undefined> {
  await call.client?.rateLimiter?.check();
  // A client that is slow to send its body must not keep a place from others.
  await call.holdBody();
  await enter(call);
}

/** Takes a place; waits for one if need be. */
function enter(call: Call): undefined | Promise<undefined> {
  if (!call.org.queue.tryEnter()) return waitForPlace(call);
  call.whenOver(() => call.org.queue.leave());
  return undefined;
}

async function waitForPlace(call: Call): Promise<undefined> {
  const { org, client, presence, trace } = call;
  const startedAtMs = performance.now();
  try {
    await org.queue.enter(client?.name ?? '', presence.signal);
  } finally {
    trace.waitingMs = performance.now() - startedAtMs;
  }
  call.whenOver(() => org.queue.leave());
}
