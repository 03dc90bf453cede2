#!/usr/bin/env node
// argv -> command; a ProxyError becomes lines on stderr and an exit code. A command is loaded when it runs: the proxy must
// not wait for the simulator, nor `--version` for either.
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { type ListenAddress, parseListenAddress } from './config/listen-address.ts';
import { ProxyError } from './errors.ts';

// Compiled once, so that the next start is faster. Beside the program, and not in the temporary directory, where it would be
// anybody's to prepare; whoever may not write there goes without.
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/sf-auth-proxy', import.meta.url)));

const program = new Command('sf-auth-proxy')
  .description('A reverse proxy for the Salesforce APIs that logs in by JWT bearer')
  .version(packageJson.version)
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(`${oneLine(text)} Try --help.\n`) });

const configOption = [
  '--config <file>',
  'the configuration; default: config.yaml, or else the SF_* variables',
] as const;
const listenOption = [
  '--listen <address>',
  'host:port, [ipv6]:port or unix:/path.sock; port 0 picks a free one',
  readListenOption,
] as const;

program
  .command('serve')
  .description('run the proxy')
  .option(...configOption)
  .option(...listenOption)
  .action(async (options) => (await import('./commands/serve.ts')).serve(options));

program
  .command('demo')
  .description(
    'run the proxy in front of a simulated org with data in it, and print commands to try',
  )
  .option(...listenOption)
  .action(async (options) => (await import('./commands/demo.ts')).demo(options));

program
  .command('check')
  .description('validate the configuration, try each login, and say how to mend what fails')
  .option(...configOption)
  .option('--org <name>', 'this org only')
  .option('--json', 'the result as JSON on stdout')
  .action(async (options) => (await import('./commands/check.ts')).check(options))
  .addHelpText(
    'after',
    '\nExit code: 0 every login works, 1 a login failed, 2 the configuration is invalid',
  );

program
  .command('client-key')
  .description('make a key for a client, and print the entry with its hash for the configuration')
  .argument('<name>', 'what the log calls the client')
  .action(async (name) => (await import('./commands/client-key.ts')).clientKey(name));

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (error instanceof ProxyError) {
    console.error(error.message);
    process.exitCode = error.exitCode;
  } else throw error;
}

function readListenOption(text: string): ListenAddress {
  try {
    return parseListenAddress(text, process.cwd());
  } catch (error) {
    if (!(error instanceof ProxyError)) throw error;
    throw new InvalidArgumentError(error.message);
  }
}

function oneLine(text: string): string {
  const line = text.trim().replaceAll(/\s*\n\s*/g, ' ');
  return /[.?!)]$/.test(line) ? line : `${line}.`;
}
