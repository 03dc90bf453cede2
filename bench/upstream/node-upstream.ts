// The upstream by Node.js: where nginx is missing, and where sessions have to end, which nginx cannot do.
import { fileURLToPath } from 'node:url';
import type { Identity } from '../identity.ts';
import { untilAccepts } from '../until-accepts.ts';
import { freePort, type Workbench } from '../workbench.ts';
import { addressesOf, type Upstream } from './upstream.ts';

export interface NodeUpstreamOptions {
  readonly workbench: Workbench;
  readonly identity: Identity;
  /** How long a session lives; default: for ever. */
  readonly sessionMs?: number;
}

/** As it is given to the program. */
export interface NodeUpstreamArguments extends Pick<Identity, 'caFile' | 'tlsKeyFile' | 'token'> {
  readonly port: number;
  readonly sessionMs?: number;
}

const program = fileURLToPath(new URL('node-upstream-program.ts', import.meta.url));

export async function startNodeUpstream(options: NodeUpstreamOptions): Promise<Upstream> {
  const { workbench, identity, ...others } = options;
  const { caFile, tlsKeyFile, token } = identity;
  const addresses = addressesOf(await freePort());
  const given: NodeUpstreamArguments = {
    port: addresses.port,
    caFile,
    tlsKeyFile,
    token,
    ...others,
  };
  const started = workbench.start('upstream', {
    program: process.execPath,
    args: [program, JSON.stringify(given)],
  });
  await untilAccepts(addresses.port, started);
  return { ...addresses, identity, process: started, program: `Node.js ${process.versions.node}` };
}
