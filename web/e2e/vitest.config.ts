import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    dir: 'e2e',
    include: ['**/*.test.ts'],
    globalSetup: ['e2e/support/build-harness.ts'],
    // Browsers and encoders share two cores: one file at a time, and figures that mean something.
    fileParallelism: false,
    // Node 20 has a WebSocket behind this; later ones have it anyway.
    execArgv: ['--experimental-websocket'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    reporters: ['verbose'],
  },
});
