#!/usr/bin/env node
// argv -> command; a ProxyError becomes a line on stderr and an exit code.
import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { demo } from './commands/demo.ts';
import { serve } from './commands/serve.ts';
import { ProxyError } from './errors.ts';

const program = new Command('sf-auth-proxy')
  .description('A reverse proxy for the Salesforce APIs that logs in by JWT bearer')
  .version(packageJson.version)
  .showHelpAfterError('(add --help for what there is)')
  .exitOverride();

const listen = [
  '--listen <address>',
  'host:port, [ipv6]:port or unix:/path.sock; port 0: any free',
] as const;

program
  .command('serve', { isDefault: false })
  .description('run the proxy')
  .option('--config <file>', 'the configuration; default: config.yaml, or the SF_* variables')
  .option(...listen)
  .action(serve);

program
  .command('demo')
  .description('run the proxy in front of a simulated org, with data in it')
  .option(...listen)
  .action(demo);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (error instanceof ProxyError) {
    console.error(error.message);
    process.exitCode = error.exitCode;
  } else throw error;
}
