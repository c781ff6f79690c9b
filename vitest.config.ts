import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Modules keep no state between calls, so all tests of a worker can share them: this is what keeps the run short.
    isolate: false,
    // One worker a core: the main thread only waits for them.
    maxWorkers: '100%',
    include: ['packages/*/src/**/*.test.ts', 'examples/**/*.test.ts', 'scripts/**/*.test.ts', 'docs/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    // What is waited for comes when it comes: on a busy machine later than in the second that is the default.
    expect: { poll: { timeout: 10_000 } },
  },
});
