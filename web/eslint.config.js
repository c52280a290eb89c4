import js from "@eslint/js";
import jsxA11y from "eslint-plugin-jsx-a11y";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

const viewerOnly = {
  // The codecs are none of its parts: WebAssembly builds of CharLS and OpenJPH.
  group: ["@cornerstonejs/*", "!@cornerstonejs/codec-*"],
  message: "Only src/viewer touches Cornerstone3D.",
};

export default tseslint.config(
  { ignores: ["dist", "node_modules", "src/api/schema.ts", "src/signaling/messages.ts", ".dependency-cruiser.cjs"] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  reactHooks.configs.flat["recommended-latest"],
  jsxA11y.flatConfigs.recommended,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false } }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "max-lines": ["error", 400],
      "jsx-a11y/no-autofocus": "off",
    },
  },
  {
    files: ["src/**/*.{ts,tsx}"],
    ignores: ["src/viewer/**"],
    rules: { "no-restricted-imports": ["error", { patterns: [viewerOnly] }] },
  },
  {
    files: ["src/**/*.{ts,tsx}"],
    ignores: ["src/signaling/**"],
    rules: {
      "no-restricted-globals": [
        "error",
        { name: "RTCPeerConnection", message: "Only src/signaling touches RTCPeerConnection." },
      ],
    },
  },
  { files: ["eslint.config.js", "public/*.js"], ...tseslint.configs.disableTypeChecked },
  { files: ["public/*.js"], languageOptions: { globals: { self: "readonly", URL: "readonly" } } },
);
