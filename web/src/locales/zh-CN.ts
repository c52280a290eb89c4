const files = import.meta.glob<Record<string, unknown>>("./zh-CN/*.json", { eager: true, import: "default" });

/** A namespace for each file. */
export default Object.fromEntries(Object.entries(files).map(([path, words]) => [path.slice("./zh-CN/".length, -".json".length), words]));
