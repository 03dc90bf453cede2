// A simulated org that knows the test app: what every e2e test stands on.
import { onTestFinished } from 'vitest';
import {
  type SimulatedOrg,
  type SimulatedOrgOptions,
  startSimulatedOrg,
} from '../../src/simulator/simulated-org.ts';
import { makeTestKey } from './test-keys.ts';

export const testClientId = 'test-consumer-key';
export const testUsername = 'integration@example.com';

/** Ends with the test. */
export async function startOrg(options: SimulatedOrgOptions = {}): Promise<SimulatedOrg> {
  const org = await startSimulatedOrg(options);
  onTestFinished(() => org.close());
  const { certificatePem } = makeTestKey();
  org.control.registerApp({ consumerKey: testClientId, certificatePem });
  return org;
}
