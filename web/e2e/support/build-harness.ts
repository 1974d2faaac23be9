import { build } from 'vite';
import { harnessDirectory } from './paths.ts';

/** Bundles the page side of the tests, with the project's own clients in it, to one script. */
export default async function buildHarness(): Promise<void> {
  for (const entry of ['harness', 'libraries', 'person', 'cast']) {
    await build({
      configFile: false,
      logLevel: 'warn',
      publicDir: false,
      define: { 'process.env.NODE_ENV': '"production"' },
      build: {
        outDir: harnessDirectory,
        emptyOutDir: false,
        minify: false,
        lib: { entry: `e2e/page/${entry}.ts`, name: entry, formats: ['iife'], fileName: () => `${entry}.js` },
      },
    });
  }
}
