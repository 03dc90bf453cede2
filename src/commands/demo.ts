// `demo`: the proxy in front of a simulated org, so that everything can be tried without Salesforce.
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ListenAddress } from '../config/listen-address.ts';
import { configSchema } from '../config/schema.ts';
import type { Emit } from '../events.ts';
import { createLog } from '../log.ts';
import { createProxyServer } from '../server.ts';
import { type SimulatedOrg, startSimulatedOrg } from '../simulator/simulated-org.ts';
import { runProxy } from './serve.ts';

export interface DemoOptions {
  readonly listen?: ListenAddress;
}

export async function demo(options: DemoOptions): Promise<void> {
  const org = await startSimulatedOrg();
  const { write } = await createLog({ level: 'info', format: 'brief' });
  let address = '';
  let dashboard = '';
  const emit: Emit = (event) => {
    write(event);
    if (event.type === 'listening') address = event.address;
    if (event.type === 'admin_listening') dashboard = event.address;
    // The first login is the last line of the start: what is to be read stands below it.
    if (event.type === 'logged_in' && address !== '') {
      console.log(welcome(address, dashboard, org.controlOrigin));
      address = '';
    }
  };
  try {
    await runProxy(createDemoProxy(org, options.listen, emit), {
      graceMs: () => 2000,
      afterClose: () => org.close(),
    });
  } catch (error) {
    await org.close();
    throw error;
  }
}

function createDemoProxy(org: SimulatedOrg, listen: ListenAddress | undefined, emit: Emit) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const clientId = 'demo-consumer-key';
  org.control.registerApp({ consumerKey: clientId, publicKeyPem: publicKey });
  const directory = mkdtempSync(join(tmpdir(), 'sf-auth-proxy-demo-'));
  try {
    const caFile = join(directory, 'simulated-org.crt');
    writeFileSync(caFile, org.tls.certPem);
    const config = configSchema(directory).parse({
      // Beside a real proxy, which may have the usual one.
      admin: { listen: '127.0.0.1:0' },
      orgs: {
        demo: {
          login_url: org.origin,
          client_id: clientId,
          username: 'integration@example.com',
          private_key: privateKey,
          instance_hosts: [new URL(org.origin).host],
        },
      },
      upstream: { ca_file: caFile },
    });
    return createProxyServer({ config: listen ? { ...config, listen } : config, emit });
  } finally {
    // It has been read; so nothing is left behind, however the demo ends.
    rmSync(directory, { recursive: true });
  }
}

function welcome(address: string, dashboard: string, controlOrigin: string): string {
  const [curl, base] = address.startsWith('unix:')
    ? [`curl -s --unix-socket ${address.slice('unix:'.length)}`, 'http://localhost']
    : ['curl -s', address];
  const data = `${base}/services/data/v67.0`;
  return `
A simulated org with data in it runs behind ${address}. No token is needed:

  ${curl} ${data}/limits
  ${curl} -G ${data}/query --data-urlencode "q=SELECT Name, Industry FROM Account ORDER BY Name LIMIT 3"
  ${curl} ${data}/sobjects/Account -H 'Content-Type: application/json' -d '{"Name":"Made by curl"}'

End all sessions in the org, then ask again; curl will not notice:

  curl -s -X POST ${controlOrigin}/endSessions

Watch it on the dashboard: ${dashboard}

Ctrl-C ends the demo.
`;
}
