const files = import.meta.glob<Record<string, unknown>>("./en/*.json", { eager: true, import: "default" });

/** A namespace for each file. */
export default Object.fromEntries(Object.entries(files).map(([path, words]) => [path.slice("./en/".length, -".json".length), words]));
