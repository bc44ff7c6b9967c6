import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // The service puts its own prefix before each `./assets/`.
  base: './',
  plugins: [react()],
  build: {
    outDir: '../jupyter_cell_monitor_server/service/page',
    emptyOutDir: true,
    // The page's policy allows scripts and styles from files alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700
  },
  test: {
    environment: 'jsdom',
    setupFiles: ['src/testing/setup.ts'],
    css: true,
    // A build machine may stand still for seconds.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    restoreMocks: true
  }
});
