// nginx, the yardstick: one worker, an access log that is gathered as ours is, and a body that is passed on as it comes,
// which is what the others do too (its default writes larger ones to a file first).
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../find-program.ts';
import { upstreamName } from '../identity.ts';
import { nginxFrame, nginxVersion, quote } from '../nginx-config.ts';
import type { Contestant, Setting } from './contestant.ts';

export const nginx: Contestant = {
  name: 'nginx',
  label: 'nginx',
  note: 'one worker; its access log in buffers of 8 KB, as ours',
  prepare: async ({ workbench, upstream }) => {
    const program = findProgram('nginx');
    if (program === undefined) return { missing: 'nginx is not installed' };
    return {
      version: await nginxVersion(workbench, program),
      command: (port) => {
        const directory = workbench.makeDirectory('nginx');
        const configFile = join(directory, 'nginx.conf');
        writeFileSync(configFile, nginxFrame(directory, server({ port, directory, upstream })));
        return { program, args: ['-p', directory, '-c', configFile] };
      },
    };
  },
};

function server(options: {
  port: number;
  directory: string;
  upstream: Setting['upstream'];
}): string {
  const { host, identity } = options.upstream;
  return `
  access_log ${options.directory}/access.log combined buffer=8k flush=100ms;
  upstream salesforce {
    server ${host};
    keepalive 256;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
  }
  server {
    listen 127.0.0.1:${options.port} backlog=4096;
    location / {
      proxy_pass https://salesforce;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_set_header Connection "";
      proxy_set_header Host ${quote(host)};
      proxy_set_header Authorization ${quote(`Bearer ${identity.token}`)};
      proxy_ssl_protocols TLSv1.3;
      proxy_ssl_verify on;
      proxy_ssl_trusted_certificate ${identity.caFile};
      proxy_ssl_name ${upstreamName};
      proxy_ssl_server_name on;
      proxy_ssl_session_reuse on;
    }
  }`;
}
