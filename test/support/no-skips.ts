// Under CI a skipped test is a failure: what a machine cannot run, nobody has tested.
import type { Reporter, TestModule } from 'vitest/node';

export class NoSkips implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.flatMap((module) =>
      [...module.children.allTests('skipped')].map(
        (test) => `${module.moduleId}: ${test.fullName}`,
      ),
    );
    if (skipped.length === 0) return;
    process.stderr.write(`\nskipped, which CI does not allow:\n${skipped.join('\n')}\n`);
    process.exitCode = 1;
  }
}
