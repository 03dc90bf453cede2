// `serve`: the proxy, until a signal ends it.
import type { ListenAddress } from '../config/listen-address.ts';
import { loadConfig } from '../config/load-config.ts';
import type { Emit } from '../events.ts';
import { createLog } from '../log.ts';
import { createProxyServer, type ProxyServer } from '../server.ts';

export interface ServeOptions {
  readonly config?: string;
  readonly listen?: ListenAddress;
}

export async function serve({ config: file, listen }: ServeOptions): Promise<void> {
  const loaded = loadConfig({ file, env: process.env, cwd: process.cwd() });
  const config = listen === undefined ? loaded : { ...loaded, listen };
  const { write: emit } = createLog({
    level: config.log.level,
    format: config.log.format ?? (process.stdout.isTTY ? 'pretty' : 'json'),
  });
  await runProxy(createProxyServer({ config, emit }), emit);
}

/** Runs until SIGTERM or SIGINT; `afterClose` ends what was started beside the proxy. */
export async function runProxy(
  server: ProxyServer,
  emit: Emit,
  afterClose: () => Promise<void> = async () => {},
): Promise<void> {
  let isStopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (isStopping) process.exit(1);
    isStopping = true;
    emit({ type: 'stopping', signal });
    server
      .close()
      .then(afterClose)
      .then(
        () => process.exit(0),
        () => process.exit(1),
      );
  };
  // Before it listens: whoever has read the address may send a signal.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
  await server.listen();
}
