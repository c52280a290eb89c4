/// <reference types="vitest/config" />
import react from "@vitejs/plugin-react";
import { defineConfig, loadEnv } from "vite";

// The app process serves the built pages itself; this proxy is for `npm run dev` only.
// TELECONSULT_API names the app, e.g. http://127.0.0.1:8000.
export default defineConfig(({ mode }) => {
  const env = loadEnv(mode, process.cwd(), "TELECONSULT_");
  const api = env["TELECONSULT_API"] ?? "http://127.0.0.1:8000";
  return {
    plugins: [react()],
    // The image loader starts its decoder by `new Worker(new URL(...))` and loads each codec's
    // wasm beside it: pre-bundling would break both URLs. Its one CommonJS part is named instead.
    optimizeDeps: {
      exclude: ["@cornerstonejs/dicom-image-loader"],
      include: ["dicom-parser", "@cornerstonejs/core", "@cornerstonejs/tools"],
    },
    worker: { format: "es" },
    build: {
      target: "es2022",
      chunkSizeWarningLimit: 4_000,
      assetsInlineLimit: 2_048,
    },
    server: {
      proxy: { "/api": { target: api, ws: true, changeOrigin: false } },
    },
    test: { environment: "node", include: ["src/**/*.test.ts"] },
  };
});
