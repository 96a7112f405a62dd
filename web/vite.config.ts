import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import tailwind from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Where `vite dev` finds a running gateway; the browser sees one origin, as it does in earnest. */
const gateway = process.env['CHAPERONE_CONSOLE'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react(), tailwind(), compressed()],
  // Its package names a file for bundlers that it does not have.
  resolve: { alias: { '@xterm/headless': '@xterm/headless/lib-headless/xterm-headless.mjs' } },
  build: {
    target: 'es2023',
    // The console's policy allows fonts and styles from its own origin alone, so nothing may become a data: URL.
    assetsInlineLimit: 0,
    // Tells which files a page needs; the test of the budgets reads it.
    manifest: true,
    // The polyfill would fetch by script what every browser that has Trusted Types preloads by itself.
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/api': { target: gateway }, '/healthz': { target: gateway }, '/readyz': { target: gateway } } },
});

/** Puts the compressed forms beside each text, so that the gateway compresses nothing itself. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    writeBundle: async ({ dir = '' }, bundle) => {
      const texts = Object.keys(bundle).filter((name) => /^assets\/.*\.(js|css|svg)$/.test(name));
      await Promise.all(texts.map((name) => compress(join(dir, name))));
    },
  };
}

async function compress(path: string): Promise<void> {
  const text = await readFile(path);
  const best = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
  await writeFile(`${path}.br`, await promisify(brotliCompress)(text, best));
  await writeFile(`${path}.gz`, await promisify(gzip)(text, { level: 9 }));
}
