import tailwind from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where `vite dev` finds a running gateway; the browser sees one origin, as it does in earnest. */
const gateway = process.env['CHAPERONE_CONSOLE'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react(), tailwind()],
  build: {
    target: 'es2023',
    // The console's policy allows fonts and styles from its own origin alone, so nothing may become a data: URL.
    assetsInlineLimit: 0,
    // The polyfill would fetch by script what every browser that has Trusted Types preloads by itself.
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/api': { target: gateway }, '/healthz': { target: gateway }, '/readyz': { target: gateway } } },
});
