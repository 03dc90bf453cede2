// A proxy that takes part. Each does the same job: plain HTTP on loopback in front, TLS with a checked certificate and
// connections that are kept behind, the `Host` rewritten and a session injected.
import type { Upstream } from '../upstream/upstream.ts';
import type { Command, Workbench } from '../workbench.ts';

export interface Contestant {
  /** As `--only` takes it. */
  readonly name: string;
  /** As the table shows it. */
  readonly label: string;
  readonly isOurs?: boolean;
  /** What its row needs to be read rightly. */
  readonly note?: string;
  prepare(setting: Setting): Promise<Prepared | Absent>;
}

export interface Setting {
  readonly workbench: Workbench;
  readonly upstream: Upstream;
  /** Our program: dist/cli.js, or another file. */
  readonly cli: string;
}

export interface Prepared {
  readonly version: string;
  command(port: number): Command;
}

export interface Absent {
  readonly missing: string;
}
