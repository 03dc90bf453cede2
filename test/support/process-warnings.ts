import { onTestFinished } from 'vitest';

/** What Node.js warns of until the test ends: too many listeners, deprecations. */
export function processWarnings(): readonly Error[] {
  const warnings: Error[] = [];
  const warn = (warning: Error) => warnings.push(warning);
  process.on('warning', warn);
  onTestFinished(() => {
    process.off('warning', warn);
  });
  return warnings;
}
