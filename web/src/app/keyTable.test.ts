import { describe, expect, it } from "vitest";

import { HELP, KEYS, PLACES } from "./keyTable";

const keysOf = (part: keyof typeof KEYS) => Object.values<string | readonly string[]>(KEYS[part]).flat();

describe("the keys", () => {
  it.each(Object.entries(PLACES))("have one meaning each in the place %s", (_, parts) => {
    const keys = parts.flatMap(keysOf);
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  });

  it("are each in a place", () => {
    const placed = new Set(Object.values(PLACES).flat());
    expect(Object.keys(KEYS).filter((part) => !placed.has(part as keyof typeof KEYS))).toEqual([]);
  });

  it("are all told of by the help", () => {
    const told = new Set<string>(HELP.flatMap(({ rows }) => rows.flatMap(({ keys }) => [...keys])));
    const elsewise: Record<string, string> = { " ": "Space", Escape: "Esc", ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→" };
    const all = (Object.keys(KEYS) as (keyof typeof KEYS)[]).flatMap(keysOf).map((key) => elsewise[key] ?? key);
    expect(all.filter((key) => !told.has(key))).toEqual([]);
  });
});
