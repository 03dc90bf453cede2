// A proxy in this process in front of a simulated org, on a free port.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { configSchema } from '../../src/config/schema.ts';
import type { Event } from '../../src/events.ts';
import { createProxyServer } from '../../src/server.ts';
import type { SimulatedOrg } from '../../src/simulator/simulated-org.ts';
import { assertNoSecrets } from './no-secrets.ts';
import { testClientId, testUsername } from './start-org.ts';
import { makeTestKey } from './test-keys.ts';
import { waitFor } from './wait-for.ts';

export interface TestProxy {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly port: number;
  /** Everything that has been told so far. */
  readonly events: readonly Event[];
  eventsOf<T extends Event['type']>(type: T): Extract<Event, { type: T }>[];
  close(): Promise<void>;
}

export interface TestProxyOptions {
  /** Keys of the configuration, as in YAML; sections are merged over the defaults of the tests. */
  readonly config?: Record<string, unknown>;
  /** Keys of the org `test`. */
  readonly org?: Record<string, unknown>;
  /** Do not wait for the login at start (it fails, say). */
  readonly withoutLogin?: boolean;
  readonly now?: () => number;
}

/** The configuration of a test proxy, as an object of YAML keys. Its files end with the test. */
export function testConfig(
  org: SimulatedOrg,
  { config = {}, org: orgKeys = {} }: TestProxyOptions = {},
): Record<string, unknown> {
  const directory = mkdtempSync(join(tmpdir(), 'sf-auth-proxy-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const caFile = join(directory, 'ca.crt');
  writeFileSync(caFile, org.tls.certPem);
  const { upstream, orgs, ...others } = config;
  return {
    listen: '127.0.0.1:0',
    admin: 'off',
    orgs: {
      test: {
        login_url: org.origin,
        client_id: testClientId,
        username: testUsername,
        private_key: makeTestKey().privateKeyPem,
        instance_hosts: [new URL(org.origin).host],
        ...orgKeys,
      },
      ...(orgs as object),
    },
    upstream: { ca_file: caFile, ...(upstream as object) },
    ...others,
  };
}

/** Ends with the test. */
export async function startProxy(
  org: SimulatedOrg,
  options: TestProxyOptions = {},
): Promise<TestProxy> {
  const events: Event[] = [];
  const server = createProxyServer({
    config: configSchema('/').parse(testConfig(org, options)),
    emit: (event) => events.push(event),
    ...(options.now && { now: options.now }),
  });
  onTestFinished(async () => {
    await server.close();
    assertNoSecrets(textOf(events), 'the events');
  });
  const url = await server.listen();
  const proxy: TestProxy = {
    url,
    port: url.startsWith('http') ? Number(new URL(url).port) : 0,
    get events() {
      server.flush();
      return events;
    },
    eventsOf: (type) => {
      server.flush();
      return events.filter((event) => event.type === type) as never;
    },
    close: async () => {
      await server.close();
    },
  };
  if (!options.withoutLogin) {
    await waitFor(() => proxy.eventsOf('logged_in').length > 0, 'the login at start');
  }
  return proxy;
}

/** All that a sink could show of them, the messages of errors included. */
function textOf(events: readonly Event[]): string {
  return JSON.stringify(events, (_key, value) =>
    value instanceof Error ? { name: value.name, message: value.message } : value,
  );
}
