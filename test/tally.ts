import type { Reporter, TestModule } from 'vitest/node';

/** Prints every skipped test that gives a reason, then one closing line: `N passed, N failed, N skipped`. */
export default class Tally implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      const failedToLoad = module.errors().length > 0;
      if (failedToLoad) count.failed++;
      for (const test of module.children.allTests()) {
        const result = test.result();
        count[result.state]++;
        const reason = (result as { note?: string }).note;
        if (result.state === 'skipped')
          console.log(`skipped: ${test.fullName}${reason ? ` (${reason})` : ''}`);
      }
    }
    console.log(`${count.passed} passed, ${count.failed + count.pending} failed, ${count.skipped} skipped`);
  }
}
