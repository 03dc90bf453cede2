// `serve`: the proxy, until a signal ends it; SIGHUP or a change of its file makes it read its configuration again.
import { existsSync, unwatchFile, watchFile } from 'node:fs';
import { resolve } from 'node:path';
import type { ListenAddress } from '../config/listen-address.ts';
import { loadConfig } from '../config/load-config.ts';
import type { Config } from '../config/schema.ts';
import { ProxyError } from '../errors.ts';
import { createLog } from '../log.ts';
import { createProxyServer, type ProxyServer } from '../server.ts';

export interface ServeOptions {
  readonly config?: string;
  readonly listen?: ListenAddress;
}

export async function serve({ config: file, listen }: ServeOptions): Promise<void> {
  const cwd = process.cwd();
  const load = (): Config => {
    const loaded = loadConfig({ file, env: process.env, cwd });
    return listen === undefined ? loaded : { ...loaded, listen };
  };
  let config = load();
  const { write: emit, setLevel } = await createLog({
    level: config.log.level,
    format: config.log.format ?? (process.stdout.isTTY ? 'pretty' : 'json'),
  });
  const server = createProxyServer({ config, emit });
  const reload = () => {
    try {
      const next = load();
      server.reload(next);
      config = next;
    } catch (error) {
      if (!(error instanceof ProxyError)) throw error;
      server.emit({ type: 'reload_refused', error });
    }
    setLevel(config.log.level);
  };
  process.on('SIGHUP', reload);
  watchConfig(resolve(cwd, file ?? 'config.yaml'), reload);
  await runProxy(server, { graceMs: () => config.shutdown.graceMs });
}

/** By its status, asked every second: that also sees the symbolic link of a Kubernetes ConfigMap swapped. */
function watchConfig(file: string, changed: () => void): void {
  if (!existsSync(file)) return;
  watchFile(file, { interval: 1000, persistent: false }, (now, before) => {
    // Between two versions there may be none for a moment.
    if (now.mtimeMs !== 0 && (now.mtimeMs !== before.mtimeMs || now.ino !== before.ino)) changed();
  });
  process.once('exit', () => unwatchFile(file));
}

export interface RunOptions {
  readonly graceMs: () => number;
  /** Ends what was started beside the proxy. */
  readonly afterClose?: () => Promise<void>;
}

/** Runs until SIGTERM or SIGINT; a second one ends at once. Exit code 0: nothing was cut; 1: requests were. */
export async function runProxy(server: ProxyServer, options: RunOptions): Promise<void> {
  const { emit, flush } = server;
  // Whatever ends the process: before the log writes what it still holds.
  process.prependOnceListener('exit', flush);
  let isStopping = false;
  const stop = async (signal: NodeJS.Signals) => {
    if (isStopping) process.exit(1);
    isStopping = true;
    emit({ type: 'stopping', signal });
    const isClean = await server.close(options.graceMs());
    await options.afterClose?.();
    emit({ type: 'stopped', isClean });
    process.exit(isClean ? 0 : 1);
  };
  // Before it listens: whoever has read the address may send a signal.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => void stop(signal));
  }
  await server.listen();
}
