// Configurations of our proxy: with everything on, and with as little as there can be.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Upstream } from '../upstream/upstream.ts';
import type { Workbench } from '../workbench.ts';

export interface EverythingOn {
  readonly workbench: Workbench;
  readonly upstream: Upstream;
  readonly orgs?: number;
  readonly clients?: number;
  /** How many rules allow something, of which only the last fits the load. */
  readonly rules?: number;
}

/** The key of a client; the load sends it as `X-API-Key`. */
export function clientKey(at: number): string {
  return `sfap_benchmark_client_${at}`;
}

/** Returns the name of the file. The listeners are given by `oursCommand`. */
export function writeEverythingOn(options: EverythingOn, adminPort: number): string {
  const { workbench, upstream, orgs = 1, clients = 10, rules = 10 } = options;
  const names = Array.from({ length: orgs }, (_, at) => `org-${at}`);
  return writeConfig(workbench, {
    admin: { listen: `127.0.0.1:${adminPort}` },
    orgs: Object.fromEntries(
      names.map((name) => [
        name,
        { ...org(upstream), policy: 'bench', hosts: [`${name}.localhost`] },
      ]),
    ),
    access: { anonymous: 'never' },
    clients: Array.from({ length: clients }, (_, at) => ({
      name: `c${at}`,
      key_sha256: createHash('sha256').update(clientKey(at)).digest('hex'),
      ...(orgs > 1 && { org: names[at % orgs] }),
    })),
    policies: {
      bench: {
        allow: [
          ...Array.from(
            { length: rules - 1 },
            (_, at) => `GET /services/data/*/sobjects/Object_${at}__c/**`,
          ),
          'GET,POST,PUT /services/data/**',
        ],
        deny: ['* /services/data/*/tooling/**'],
      },
    },
    ...upstreamOf(upstream),
    log: { level: 'info', format: 'json' },
  });
}

export function writeBare(workbench: Workbench, upstream: Upstream): string {
  return writeConfig(workbench, {
    admin: 'off',
    orgs: { bench: org(upstream) },
    ...upstreamOf(upstream),
    log: { level: 'error', format: 'json' },
  });
}

function org({ origin, host, identity }: Upstream): object {
  return {
    login_url: origin,
    client_id: '3MVG9benchmark',
    username: 'integration@example.com',
    private_key_file: identity.privateKeyFile,
    instance_hosts: [host],
  };
}

function upstreamOf({ identity }: Upstream): object {
  return { upstream: { ca_file: identity.caFile }, limits: { concurrency: 1000 } };
}

function writeConfig(workbench: Workbench, config: object): string {
  const file = join(workbench.makeDirectory('config'), 'config.yaml');
  // On few lines: a configuration has at most 1 MiB, and 10,000 clients are to fit in.
  writeFileSync(file, stringify(config, { collectionStyle: 'flow', lineWidth: 0 }));
  return file;
}
