// Our proxy, as its users run it: `serve` with a configuration file, its log going to a file.
import { readFileSync } from 'node:fs';
import { type Command, freePort } from '../workbench.ts';
import type { Contestant, Setting } from './contestant.ts';
import { type EverythingOn, writeBare, writeEverythingOn } from './ours-config.ts';

const packageFile = new URL('../../package.json', import.meta.url);

export const ours: Contestant = {
  name: 'ours',
  label: 'sf-auth-proxy, everything on',
  isOurs: true,
  note: 'guards, 10 clients with keys, a policy of 11 rules, access log, metrics',
  prepare: async (setting) => {
    const configFile = writeEverythingOn(setting, await freePort());
    return { version: version(), command: (port) => serveCommand(setting, configFile, port) };
  },
};

export const oursBare: Contestant = {
  name: 'ours-bare',
  label: 'sf-auth-proxy, bare',
  isOurs: true,
  note: 'anonymous, the default policy, no access log, no admin listener',
  prepare: async (setting) => {
    const configFile = writeBare(setting.workbench, setting.upstream);
    return { version: version(), command: (port) => serveCommand(setting, configFile, port) };
  },
};

/** With everything on, and so many orgs, clients and rules. */
export async function everythingOn(
  cli: string,
  options: EverythingOn,
): Promise<{ adminPort: number; command: (port: number) => Command }> {
  const adminPort = await freePort();
  const configFile = writeEverythingOn(options, adminPort);
  return { adminPort, command: (port) => serveCommand({ cli }, configFile, port) };
}

function serveCommand({ cli }: Pick<Setting, 'cli'>, configFile: string, port: number): Command {
  return {
    program: process.execPath,
    args: [cli, 'serve', '--config', configFile, '--listen', `127.0.0.1:${port}`],
  };
}

function version(): string {
  return `sf-auth-proxy ${JSON.parse(readFileSync(packageFile, 'utf8')).version}`;
}
