// The operator's side of the proxy: metrics and the admin listener, or nothing of it where there is no address for them.
import { type AdminListener, createAdminListener } from './admin/admin-listener.ts';
import type { ListenAddress } from './config/listen-address.ts';
import type { Config } from './config/schema.ts';
import type { Emit } from './events.ts';
import { createMetrics } from './metrics.ts';
import { orgStatus, type RunningOrg } from './org.ts';

export interface OperationsOptions {
  /** As it was at start: its address stays. */
  readonly config: Config;
  /** As it is now. */
  readonly current: () => {
    readonly config: Config;
    readonly orgs: ReadonlyMap<string, RunningOrg>;
  };
  readonly emit: Emit;
  /** Tells the sinks what has happened up to now. */
  readonly flush: () => void;
  readonly now: () => number;
}

export type Operations = Omit<AdminListener, 'note'> & {
  /** What is to be told of every event. */
  readonly sinks: readonly Emit[];
};

const defaultAddress: ListenAddress = { kind: 'tcp', host: '127.0.0.1', port: 9090 };

export function createOperations(options: OperationsOptions): Operations {
  const { config, current, emit, flush, now } = options;
  const address = config.admin ? config.admin.listen : defaultAddress;
  if (!address) return none;
  const metrics = createMetrics();
  const { note, ...admin } = createAdminListener({
    address,
    isOptional: config.admin === undefined,
    allowedHosts: () => current().config.access.allowedHosts,
    orgs: () => [...current().orgs.values()].map((org) => orgStatus(org, now())),
    logInAgain: async (name) => current().orgs.get(name)?.logInAgain(),
    metrics,
    emit,
    flush,
    now,
  });
  return { ...admin, sinks: [metrics.note, note] };
}

const none: Operations = {
  sinks: [],
  open: async () => {},
  setStarted: () => {},
  setDraining: () => {},
  close: async () => {},
};
