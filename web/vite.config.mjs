import preact from '@preact/preset-vite';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** Address of a running API for `vite` in development; the product serves web/dist by itself. */
const api = process.env.SLIPWAY_DEV_API ?? 'http://127.0.0.1:8080';

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
  },
  server: { proxy: { '/api': api, '/openapi.json': api } },
});
