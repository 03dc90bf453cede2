// What the contestants forward to: a TLS server that costs little and answers as Salesforce does.
import type { Identity } from '../identity.ts';
import type { RunningProcess } from '../workbench.ts';

export interface Upstream {
  readonly port: number;
  /** `https://127.0.0.1:port` */
  readonly origin: string;
  /** `127.0.0.1:port` */
  readonly host: string;
  readonly identity: Identity;
  /** The program and its version. */
  readonly program: string;
  readonly process: RunningProcess;
}

export function addressesOf(port: number): Pick<Upstream, 'port' | 'origin' | 'host'> {
  const host = `127.0.0.1:${port}`;
  return { port, host, origin: `https://${host}` };
}
