import vue from '@vitejs/plugin-vue';
import Components from 'unplugin-vue-components/vite';
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers';
import { defineConfig } from 'vite';

// Where `npm run dev` finds a running daemon; the built pages are served by the daemon itself.
const daemon = process.env.HOTLINED_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [vue(), Components({ dts: false, dirs: [], resolvers: [ElementPlusResolver()] })],
  build: {
    target: 'es2021',
    assetsInlineLimit: 0, // the content security policy allows files of our own, no data: URLs
    chunkSizeWarningLimit: 900,
    rollupOptions: { output: { manualChunks: { echarts: ['echarts/core'] } } },
  },
  server: { proxy: { '/api': daemon } },
});
