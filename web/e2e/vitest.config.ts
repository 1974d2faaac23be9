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
    // Of tests that hang: what they wait for has limits of its own.
    testTimeout: 300_000,
    hookTimeout: 180_000,
    reporters: ['verbose'],
  },
});
