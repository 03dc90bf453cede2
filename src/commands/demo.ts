// `demo`: the proxy in front of a simulated org, so that everything can be tried without Salesforce.
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configSchema } from '../config/schema.ts';
import { startSimulatedOrg } from '../simulator/simulated-org.ts';
import { runProxy } from './serve.ts';

export interface DemoOptions {
  readonly listen?: string;
}

export async function demo(options: DemoOptions): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const org = await startSimulatedOrg();
  const clientId = 'demo-consumer-key';
  org.control.registerApp({ consumerKey: clientId, publicKeyPem: publicKey });
  const directory = await mkdtemp(join(tmpdir(), 'sf-auth-proxy-demo-'));
  const cleanUp = async () => {
    await org.close();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const caFile = join(directory, 'simulated-org.crt');
    await writeFile(caFile, org.tls.certPem);
    const config = configSchema(directory).parse({
      listen: options.listen ?? '127.0.0.1:8080',
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
    const address = await runProxy(config, cleanUp);
    console.log(welcome(address, org.controlOrigin));
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

function welcome(address: string, controlOrigin: string): string {
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

Ctrl-C ends the demo.
`;
}
