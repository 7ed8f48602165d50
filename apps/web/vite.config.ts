import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The hub that `npm run dev -w @labwright/web` shows: everything but the pages themselves comes from there. */
const hub = process.env.HUB_URL ?? 'http://localhost:5000';

export default defineConfig({
  base: '/ui/',
  plugins: [react()],
  // hub-service puts another nonce into each answer; styles that are made at run time carry it.
  html: { cspNonce: '__NONCE__' },
  build: {
    target: 'es2023',
    // `light-dark()` as it is: what older browsers would get instead does not follow the switch for light and dark.
    cssTarget: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
    manifest: 'manifest.json',
    modulePreload: { polyfill: false },
    // A file in the page would be neither cached nor allowed by its policy.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    // What may be loaded is watched by build/budget.ts.
    chunkSizeWarningLimit: 2_000,
  },
  server: { proxy: { '^/(?!ui/)': { target: hub, ws: true } } },
});
