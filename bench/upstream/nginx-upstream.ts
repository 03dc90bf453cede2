// The upstream by nginx. It checks what a proxy has to do before it answers: another `Host` than its own, or another
// session than the one given out, is refused.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Identity } from '../identity.ts';
import { nginxFrame, nginxVersion, quote } from '../nginx-config.ts';
import { untilAccepts } from '../until-accepts.ts';
import { freePort, type Workbench } from '../workbench.ts';
import {
  createdAnswer,
  fileType,
  jsonType,
  makeFile,
  paths,
  queryAnswer,
  salesforceHeaders,
  tokenAnswer,
} from './salesforce-answers.ts';
import { addressesOf, type Upstream } from './upstream.ts';

export interface NginxUpstreamOptions {
  readonly workbench: Workbench;
  readonly program: string;
  readonly identity: Identity;
  /** The sizes of the files to serve. */
  readonly fileSizes: readonly number[];
}

export async function startNginxUpstream(options: NginxUpstreamOptions): Promise<Upstream> {
  const { workbench, program, identity, fileSizes } = options;
  const addresses = addressesOf(await freePort());
  const directory = workbench.makeDirectory('upstream-nginx');
  for (const bytes of fileSizes) {
    const file = join(directory, paths.file(bytes));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, makeFile(bytes));
  }
  const configFile = join(directory, 'nginx.conf');
  writeFileSync(configFile, nginxFrame(directory, servers(directory, addresses, identity)));
  const process = workbench.start('upstream', {
    program,
    args: ['-p', directory, '-c', configFile],
  });
  await untilAccepts(addresses.port, process);
  return { ...addresses, identity, process, program: await nginxVersion(workbench, program) };
}

function servers(
  directory: string,
  { host, origin }: Pick<Upstream, 'host' | 'origin'>,
  { caFile, tlsKeyFile, token }: Identity,
): string {
  const answer = (status: number, body: string) =>
    `default_type ${quote(jsonType)}; return ${status} ${quote(body)};`;
  const refuse = 'if ($is_refused) { return 421 "wrong Host or session"; }';
  const sink = `unix:${directory}/sink.sock`;
  return `
  access_log off;
  map_hash_bucket_size 512;
  map "$http_host $http_authorization" $is_refused {
    default 1;
    ${quote(`${host} Bearer ${token}`)} 0;
  }
  server {
    listen ${host} ssl backlog=4096;
    ssl_certificate ${caFile};
    ssl_certificate_key ${tlsKeyFile};
    ssl_protocols TLSv1.3;
    ssl_session_cache shared:sessions:10m;
    root ${directory};
    etag off;
    ${salesforceHeaders.map(([name, value]) => `add_header ${name} ${quote(value)} always;`).join('\n    ')}

    location = ${paths.token} { ${answer(200, tokenAnswer(token, origin))} }
    location = ${pathOf(paths.query)} { ${refuse} ${answer(200, queryAnswer)} }
    location = ${paths.record} { ${refuse} ${answer(201, createdAnswer)} }
    location /services/data/v67.0/sobjects/ContentVersion/ {
      ${refuse}
      default_type ${fileType};
      output_buffers 4 256k;
    }
    # Read as a whole, held in memory, and answered by the server below, to which it is not sent.
    location = ${paths.upload} {
      ${refuse}
      client_body_buffer_size 101m;
      proxy_pass http://${sink};
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
    }
    location /services/data/ { ${refuse} ${answer(200, '[]')} }
  }
  server {
    listen ${sink};
    return 201;
  }`;
}

function pathOf(target: string): string {
  return target.replace(/\?.*/, '');
}
