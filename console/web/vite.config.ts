import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'
import { kindsPlugin } from './kinds-plugin.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const api = process.env.FENGSHAO_API ?? 'http://127.0.0.1:8787'

export default defineConfig({
  plugins: [vue(), kindsPlugin(here('../../domain/kinds'))],
  build: {
    outDir: here('../dist'),
    emptyOutDir: true,
    // Everything is a file of ours: the content security policy allows neither data: scripts nor other origins.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1800,
    // The page of the API is a page of its own: what it needs is in no other page's files.
    rolldownOptions: { input: { index: here('index.html'), api: here('api.html'), report: here('report.html') } },
  },
  server: { proxy: { '/api': api, '/healthz': api } },
  test: { include: ['test/**/*.test.ts'], environment: 'node' },
})
