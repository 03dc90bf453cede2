// What `vitest run` runs, and how long a test may take before it counts as hung.
import { defineConfig } from 'vitest/config';
import { NoSkips } from './test/support/no-skips.ts';

// biome-ignore lint/style/noDefaultExport: vitest reads its configuration from the default export
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: process.env.CI === 'true' ? ['default', new NoSkips()] : ['default'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // A process that is starved for a second is no failure.
    expect: { poll: { timeout: 30_000 } },
    // Two cores: more workers only make the real processes in the tests wait for one another.
    maxWorkers: 2,
  },
});
