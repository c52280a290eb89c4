/// <reference types="vitest/config" />
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

import react from "@vitejs/plugin-react";
import { defineConfig, loadEnv, type HtmlTagDescriptor, type Plugin, type Rollup } from "vite";

/** Every script that a part of the page needs to run: its own, and what that imports. */
function scriptsOf(bundle: Rollup.OutputBundle, modules: readonly string[]): Set<string> {
  const scripts = new Set<string>();
  const add = (name: string) => {
    const chunk = bundle[name];
    if (chunk?.type !== "chunk" || scripts.has(name)) return;
    scripts.add(name);
    chunk.imports.forEach(add);
  };
  for (const chunk of Object.values(bundle)) {
    if (chunk.type === "chunk" && modules.some((module) => chunk.moduleIds.some((id) => id.endsWith(module)))) add(chunk.fileName);
  }
  return scripts;
}

/** The page's own scripts are fetched with it, not after its start script has run; those of a study's page are named. */
function fetchedAhead(): Plugin {
  return {
    name: "fetched-ahead",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler: (html, { bundle = {} }) => {
        const page = [...scriptsOf(bundle, ["src/main.tsx"])].filter((name) => !html.includes(name));
        const study = [...scriptsOf(bundle, ["src/studies/StudyPage.tsx", "src/viewer/ViewerLayout.tsx"])];
        const others = study.filter((name) => !page.includes(name) && !html.includes(name));
        const tag = (tag: string, attrs: Record<string, string | boolean>): HtmlTagDescriptor => ({ tag, attrs, injectTo: "head" });
        return [
          ...page.map((name) => tag("link", { rel: "modulepreload", crossorigin: true, href: `/${name}` })),
          tag("meta", { name: "study-page", content: others.map((name) => `/${name}`).join(" ") }),
        ];
      },
    },
  };
}

const WORTH_PACKING = /\.(js|css|html|svg|wasm|json)$/;
const LEAST_BYTES = 1_000;

/** Beside each file the same packed, for the app to hand out as it is (`teleconsult/front_end.py`). */
function packed(): Plugin {
  return {
    name: "packed",
    apply: "build",
    writeBundle: async ({ dir = "dist" }, bundle) => {
      const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
      const pack = async ({ fileName, ...file }: Rollup.OutputAsset | Rollup.OutputChunk) => {
        const content = Buffer.from(file.type === "chunk" ? file.code : file.source);
        if (!WORTH_PACKING.test(fileName) || content.length < LEAST_BYTES) return;
        await writeFile(join(dir, `${fileName}.br`), await promisify(brotliCompress)(content, brotli));
        await writeFile(join(dir, `${fileName}.gz`), await promisify(gzip)(content, { level: 9 }));
      };
      await Promise.all(Object.values(bundle).map(pack));
    },
  };
}

// The app process serves the built pages itself; this proxy is for `npm run dev` only.
// TELECONSULT_API names the app, e.g. http://127.0.0.1:8000.
export default defineConfig(({ mode }) => {
  const env = loadEnv(mode, process.cwd(), "TELECONSULT_");
  const api = env["TELECONSULT_API"] ?? "http://127.0.0.1:8000";
  return {
    plugins: [react(), fetchedAhead(), packed()],
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
      // One file: what overrides what is then the order of imports, whichever page is opened first.
      cssCodeSplit: false,
      rolldownOptions: {
        output: {
          codeSplitting: {
            groups: [
              // The start script needs nothing else, least of all what is large.
              { name: "start", tags: ["$initial"], priority: 2 },
              { name: "imaging", test: /node_modules[\\/](@cornerstonejs|@kitware|dcmjs|gl-matrix|comlink)[\\/]/, priority: 1 },
              { name: "vendor", test: /node_modules[\\/]/, minShareCount: 2 },
              { name: "common", test: /src[\\/](api|app|ui)[\\/]/, minShareCount: 2 },
            ],
          },
        },
      },
    },
    server: {
      proxy: { "/api": { target: api, ws: true, changeOrigin: false } },
    },
    test: { environment: "node", include: ["src/**/*.test.ts"] },
  };
});
