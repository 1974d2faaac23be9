import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { compressed } from './build/compressed.ts';
import { firstLoadBudget } from './build/first-load-budget.ts';

/** The server that `npm run dev` passes the public protocol on to. */
const server = process.env['DEV_SERVER'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react(), firstLoadBudget(), compressed()],
  build: {
    // A data: URL would need a looser content security policy than `default-src 'self'`.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
  },
  server: {
    proxy: {
      '/whip': server,
      '/whep': server,
      '/healthz': server,
      '/readyz': server,
      '^/rooms/[^/]+/ws': { target: server, ws: true },
    },
  },
  test: { include: ['src/**/*.test.{ts,tsx}'] },
});
