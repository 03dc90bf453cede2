// The bound on the connections of one org, over both lanes: whoever wants one more waits until another has ended.
import { ProxyError } from '../errors.ts';
import type { OpenSocket } from './upstream-socket.ts';

export interface ConnectionBudgetOptions {
  readonly openSocket: OpenSocket;
  readonly maxConnections: number;
  readonly connectTimeoutMs: number;
}

export function connectionBudget(options: ConnectionBudgetOptions): OpenSocket {
  const { openSocket, maxConnections, connectTimeoutMs } = options;
  const waiting = new Set<() => void>();
  let taken = 0;

  const release = () => {
    taken -= 1;
    const [next] = waiting;
    next?.();
  };
  const open: OpenSocket = (address, opened) => {
    taken += 1;
    openSocket(address, (...outcome) => {
      if (outcome[1]) outcome[1].once('close', release);
      else release();
      opened(...outcome);
    });
  };
  return (address, opened) => {
    if (taken < maxConnections) {
      open(address, opened);
      return;
    }
    const next = () => {
      waiting.delete(next);
      clearTimeout(timer);
      open(address, opened);
    };
    const timer = setTimeout(() => {
      waiting.delete(next);
      const message = `All ${maxConnections} connections (upstream.max_connections) were in use.`;
      opened(new ProxyError('upstream_timeout', message, { requestMayHaveArrived: false }), null);
    }, connectTimeoutMs);
    waiting.add(next);
  };
}
