// HAProxy: one thread, its HTTP log on stdout, which goes to a file.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../find-program.ts';
import { upstreamName } from '../identity.ts';
import type { Contestant } from './contestant.ts';

export const haproxy: Contestant = {
  name: 'haproxy',
  label: 'HAProxy',
  prepare: async ({ workbench, upstream }) => {
    const program = findProgram('haproxy');
    if (program === undefined) return { missing: 'HAProxy is not installed' };
    const [, version = ''] =
      /version (\S+)/.exec(await workbench.run({ program, args: ['-v'] })) ?? [];
    return {
      version: `HAProxy ${version}`,
      command: (port) => {
        const configFile = join(workbench.makeDirectory('haproxy'), 'haproxy.cfg');
        writeFileSync(
          configFile,
          `global
  nbthread 1
  maxconn 4096
  log stdout format raw local0 info
defaults
  mode http
  log global
  option httplog
  http-reuse always
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend clients
  bind 127.0.0.1:${port} backlog 4096
  default_backend salesforce
backend salesforce
  http-request set-header Host ${upstream.host}
  http-request set-header Authorization "Bearer ${upstream.identity.token}"
  server salesforce ${upstream.host} ssl verify required ca-file ${upstream.identity.caFile} sni str(${upstreamName})
`,
        );
        return { program, args: ['-db', '-f', configFile] };
      },
    };
  },
};
