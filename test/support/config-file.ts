// Configuration files for the program as a process of its own.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SimulatedOrg } from '../../src/simulator/simulated-org.ts';
import { type TestProxyOptions, testConfig } from './start-proxy.ts';
import { temporaryDirectory } from './test-keys.ts';

/** A directory with this text as its config.yaml. It ends with the test. */
export function directoryWith(yaml: string): string {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'config.yaml'), yaml);
  return directory;
}

/** A directory with the configuration of a test proxy as its config.yaml (JSON is YAML). */
export function directoryFor(org: SimulatedOrg, options: TestProxyOptions = {}): string {
  return directoryWith(JSON.stringify(testConfig(org, options), null, 2));
}
