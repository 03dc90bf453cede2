// Go's httputil.ReverseProxy, built for this run from go/main.go. It uses every core (GOMAXPROCS is left alone).
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram } from '../find-program.ts';
import type { Contestant } from './contestant.ts';

const source = fileURLToPath(new URL('go/main.go', import.meta.url));

export const goReverseProxy: Contestant = {
  name: 'go',
  label: "Go's ReverseProxy",
  note: 'may use every core; no access log',
  prepare: async ({ workbench, upstream }) => {
    const go = findProgram('go');
    if (go === undefined) return { missing: 'Go is not installed' };
    const directory = workbench.makeDirectory('go');
    const program = join(directory, 'reverse-proxy');
    // The standard library is all it needs: nothing is looked up in the network.
    const env = {
      HOME: directory,
      GOCACHE: join(directory, 'cache'),
      GOFLAGS: '-mod=mod',
      GOPROXY: 'off',
      GOTOOLCHAIN: 'local',
      CGO_ENABLED: '0',
    };
    let version: string;
    try {
      await workbench.run({ program: go, args: ['build', '-o', program, source], env });
      version = await workbench.run({ program: go, args: ['env', 'GOVERSION'], env });
    } catch (error) {
      return { missing: `it cannot be built here: ${String(error).split('\n')[0]}` };
    }
    return {
      version: version.trim().replace(/^go/, 'Go '),
      command: (port) => ({
        program,
        args: [
          ['-listen', `127.0.0.1:${port}`],
          ['-upstream', upstream.origin],
          ['-token', upstream.identity.token],
          ['-ca', upstream.identity.caFile],
        ].flat(),
      }),
    };
  },
};
