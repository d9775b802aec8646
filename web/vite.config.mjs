import preact from '@preact/preset-vite';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** Address of a running API for `vite` in development; the product serves web/dist by itself. */
const api = process.env.SLIPWAY_DEV_API ?? 'http://127.0.0.1:8080';

/**
 * What every page needs comes in two files, not in thirty: each costs an answer's head of half a kilobyte, and small files
 * pack badly. Packages change seldom and stay in the browser's cache over an update of ours. The rest is split by page.
 */
const groups = [
  {
    name: 'packages',
    test: /\/node_modules\/(?:preact|preact-iso|@preact|openapi-fetch|lucide)\//,
    priority: 2,
  },
  {
    name: 'shell',
    test: new RegExp(
      [
        '/web/src/(?:app/(?!palette|draft|whole-list|key-help)|api/(?:client|problem|resources|deployments)\\.)',
        '/web/src/components/(?:button|copy|deferred|deployment-chips|dialog|feedback|field|gate-(?:card|list)|icon|page|run-row|status|time)\\.',
        '/web/src/lib/(?:activity|deployment-state|event-concerns|memo|paged-list|permissions|query-cache|run-deployments|shared-stream|sse|state-name|time)\\.',
      ].join('|'),
    ),
    priority: 1,
  },
];

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [preact({ devToolsEnabled: false, prefreshEnabled: false })],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: false,
    // the polyfill is an inline script, which the content security policy refuses
    modulePreload: { polyfill: false },
    // data: addresses would need a wider policy
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 250,
    rolldownOptions: { output: { codeSplitting: { groups } } },
  },
  server: { proxy: { '/api': api, '/openapi.json': api } },
});
