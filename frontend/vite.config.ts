import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';
import { reader } from './vite.reader.ts';
import { roomNames } from './vite.words.ts';

/** The appliance behind the page that is worked on. */
const appliance = process.env.INDUSMIND_ADDRESS ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [vue(), reader(), roomNames()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: {
    __VUE_OPTIONS_API__: false,
    __VUE_I18N_LEGACY_API__: false,
    __VUE_I18N_FULL_INSTALL__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
    // The words' own notation is read by `src/words/compile.ts`.
    __INTLIFY_DROP_MESSAGE_COMPILER__: true,
  },
  server: {
    // A test reads in the sources of the appliance which words the page owes.
    fs: { allow: ['..'] },
    proxy: {
      // The host stays the page's own: the appliance refuses requests from pages of other hosts.
      '/api': { target: appliance, changeOrigin: false },
      '/ws': { target: appliance, ws: true, changeOrigin: false },
    },
  },
  build: {
    outDir: '../frontend-dist',
    emptyOutDir: true,
    // The browsers of S2-27; control rooms keep their panels for ten years.
    target: ['es2020', 'chrome90', 'edge90', 'firefox88', 'safari14'],
    // The page's policy allows no data: font and no inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts'],
    restoreMocks: true,
    // A machine that compiles beside is slow, and that is no fault of the page.
    testTimeout: 30_000,
    // The tests read the tokens to check their contrast.
    css: true,
  },
});
