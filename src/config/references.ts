// What one key of the configuration says about another: names that must exist, and things that may be given only once.
import { presetNames } from './policy-rule.ts';

export interface ReferenceProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

type Keys = Readonly<Record<string, unknown>>;

/** Looks at the configuration as it was written, so that these mistakes are told together with all others. */
export function findReferenceProblems(config: unknown): ReferenceProblem[] {
  if (!isMap(config)) return [];
  const orgs = isMap(config.orgs) ? config.orgs : {};
  const clients = Array.isArray(config.clients) ? config.clients : [];
  const policies = [
    ...presetNames,
    ...(isMap(config.policies) ? Object.keys(config.policies) : []),
  ];
  const known = { org: Object.keys(orgs), policy: policies };
  return [
    ...unknownName(config, 'default_org', known.org, 'one of the orgs', []),
    ...Object.entries(orgs).flatMap(([name, org]) =>
      unknownName(org, 'policy', known.policy, 'a policy', ['orgs', name]),
    ),
    ...clients.flatMap((client, i) => [
      ...unknownName(client, 'org', known.org, 'one of the orgs', ['clients', i]),
      ...unknownName(client, 'policy', known.policy, 'a policy', ['clients', i]),
      ...needsClientCa(client, config, ['clients', i]),
    ]),
    ...repeated(clients, ['name', 'key_sha256', 'certificate_name'], (i) => ['clients', i]),
    ...repeated([config, ...Object.values(orgs)], ['listen'], (i) =>
      i === 0 ? [] : ['orgs', Object.keys(orgs)[i - 1] ?? ''],
    ),
    ...sharedHosts(orgs),
  ];
}

function unknownName(
  holder: unknown,
  key: string,
  known: readonly string[],
  what: string,
  path: readonly (string | number)[],
): ReferenceProblem[] {
  const name = isMap(holder) ? holder[key] : undefined;
  if (typeof name !== 'string' || known.includes(name)) return [];
  return [{ path: [...path, key], message: `expected ${what}: ${known.join(', ')}` }];
}

function needsClientCa(
  client: unknown,
  config: Keys,
  path: readonly (string | number)[],
): ReferenceProblem[] {
  if (!isMap(client) || client.certificate_name === undefined) return [];
  if (isMap(config.tls) && config.tls.client_ca_file !== undefined) return [];
  const message = 'expected tls.client_ca_file beside it, which says whose certificates count';
  return [{ path: [...path, 'certificate_name'], message }];
}

function repeated(
  holders: readonly unknown[],
  keys: readonly string[],
  pathOf: (index: number) => readonly (string | number)[],
): ReferenceProblem[] {
  return keys.flatMap((key) => {
    const seen = new Set<unknown>();
    return holders.flatMap((holder, i) => {
      const value = isMap(holder) ? holder[key] : undefined;
      // A port that the system chooses is another one each time.
      if (typeof value !== 'string' || (key === 'listen' && value.endsWith(':0'))) return [];
      const normal = value.trim().toLowerCase();
      if (!seen.has(normal)) {
        seen.add(normal);
        return [];
      }
      return [{ path: [...pathOf(i), key], message: 'expected each only once' }];
    });
  });
}

function sharedHosts(orgs: Keys): ReferenceProblem[] {
  const owner = new Map<string, string>();
  return Object.entries(orgs).flatMap(([name, org]) => {
    const hosts = isMap(org) && Array.isArray(org.hosts) ? org.hosts : [];
    return hosts.flatMap((host, i) => {
      const normal = String(host).trim().toLowerCase();
      const other = owner.get(normal);
      owner.set(normal, name);
      if (other === undefined) return [];
      return [
        {
          path: ['orgs', name, 'hosts', i],
          message: `expected a host of its own: ${other} has it`,
        },
      ];
    });
  });
}

function isMap(value: unknown): value is Keys {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
