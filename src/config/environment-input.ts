// The configuration of somebody who has no file: one org, named `default`, from SF_… variables.
import type { ConfigInput, ConfigPath } from './config-problems.ts';

const keys = [
  'login_url',
  'client_id',
  'username',
  'private_key',
  'private_key_file',
  'private_key_passphrase',
] as const;

export const orgVariables = keys.map(variableOf);

/** Undefined when none of the variables is set; an empty one counts as not set. */
export function readEnvironmentInput(env: NodeJS.ProcessEnv): ConfigInput | undefined {
  const set = keys
    .map((key) => [key, env[variableOf(key)]] as const)
    .filter(([, value]) => value !== undefined && value !== '');
  if (set.length === 0) return undefined;
  return {
    value: { orgs: { default: Object.fromEntries(set) } },
    problems: [],
    isFromEnvironment: () => true,
    render: (problems) =>
      problems.map(({ path, text }) => `environment: ${variableAt(path)}: ${inVariables(text)}`),
  };
}

function variableAt(path: ConfigPath): string {
  return variableOf(String(path.at(-1)));
}

/** A message of the schema names keys; here they are variables. */
function inVariables(text: string): string {
  return keys.reduce(
    (message, key) => message.replaceAll(new RegExp(`\\b${key}\\b`, 'g'), variableOf(key)),
    text,
  );
}

function variableOf(key: string): string {
  return `SF_${key.toUpperCase()}`;
}
