import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** The font's licence travels with the font. */
function fontLicence(): Plugin {
  return {
    name: "font-licence",
    apply: "build",
    generateBundle() {
      const file = createRequire(import.meta.url).resolve("@fontsource-variable/inter/LICENSE");
      this.emitFile({ type: "asset", fileName: "inter-licence.txt", source: readFileSync(file) });
    },
  };
}

export default defineConfig({
  plugins: [fontLicence()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2023",
    // A file inlined as data: would be refused by the policy the service sends (font-src and img-src 'self').
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    // `npm run dev` shows the page against a service started beside it.
    proxy: { "/v1": { target: "http://127.0.0.1:7800", ws: true } },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
