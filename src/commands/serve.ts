// `serve`: the proxy, until a signal ends it.
import { parseListenAddress } from '../config/listen-address.ts';
import { loadConfig } from '../config/load-config.ts';
import type { Config } from '../config/schema.ts';
import { createLog } from '../log.ts';
import { createProxyServer } from '../server.ts';

export interface ServeOptions {
  readonly config?: string;
  readonly listen?: string;
}

export async function serve(options: ServeOptions): Promise<void> {
  const cwd = process.cwd();
  const loaded = loadConfig({ file: options.config, env: process.env, cwd });
  const config: Config =
    options.listen === undefined
      ? loaded
      : { ...loaded, listen: parseListenAddress(options.listen, cwd) };
  await runProxy(config);
}

/** Runs until SIGTERM or SIGINT; `afterClose` ends what was started beside it. */
export async function runProxy(
  config: Config,
  afterClose: () => Promise<void> = async () => {},
): Promise<string> {
  const { write: emit } = createLog({
    level: config.log.level,
    format: config.log.format ?? (process.stdout.isTTY ? 'pretty' : 'json'),
  });
  const server = createProxyServer({ config, emit });
  const address = await server.listen();
  let isStopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
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
    });
  }
  return address;
}
