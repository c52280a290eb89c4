// Runs the browser's de-identification on files: node deidentify_in_node.mjs WEB_FOLDER SECRET_HEX SOURCE TARGET
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [web, secret, source, target] = process.argv.slice(2);
const { rolldown } = await import(pathToFileURL(createRequire(join(web, "package.json")).resolve("rolldown")));
const bundle = await rolldown({ input: join(web, "src/upload/deidentify.ts"), platform: "node" });
const file = join(target, "bundle.mjs");
await bundle.write({ file, format: "esm" });
const { caseKey, deidentify, identifyingValues } = await import(pathToFileURL(file));

const key = await caseKey(new Uint8Array(Buffer.from(secret, "hex")));
const names = readdirSync(source).sort();
const contents = names.map((name) => new Uint8Array(readFileSync(join(source, name))));
const known = contents.flatMap((content) => identifyingValues(content));
for (const [place, name] of names.entries()) {
  try {
    const { bytes, report } = await deidentify(contents[place], key, undefined, known);
    writeFileSync(join(target, name), bytes);
    writeFileSync(join(target, `${name}.json`), JSON.stringify(report));
  } catch (error) {
    if (!(error.code && error.en && error.zh)) throw error;
    writeFileSync(join(target, `${name}.refused`), error.code);
  }
}
