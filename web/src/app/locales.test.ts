import { describe, expect, it } from "vitest";

import { CONSULT_EVENT, CONSULT_STATUS, SPECIALTIES, URGENCY } from "../consults/status";
import { DECISION, REJECTION_REASONS } from "../findings/status";
import { CHANNELS, TOPICS } from "../notifications/topics";
import { LINK_ENDS } from "../patient/linkEnds";
import { AI_STATUS, VERDICT } from "../studies/status";

type Words = { [key: string]: string | Words };

const files = import.meta.glob<{ default: Words }>("../locales/*/*.json", { eager: true });

/** Keys of a file as dotted paths; the plural endings, which differ by language, are cut off. */
function keysOf(words: Words, prefix = ""): Set<string> {
  const keys = new Set<string>();
  for (const [key, value] of Object.entries(words)) {
    const path = prefix + key.replace(/_(zero|one|two|few|many|other)$/, "");
    if (typeof value === "string") keys.add(path);
    else for (const inner of keysOf(value, `${path}.`)) keys.add(inner);
  }
  return keys;
}

function textsOf(words: Words, prefix = ""): [string, string][] {
  return Object.entries(words).flatMap(([key, value]) =>
    typeof value === "string" ? [[prefix + key, value] as [string, string]] : textsOf(value, `${prefix}${key}.`),
  );
}

const namespaces = [...new Set(Object.keys(files).map((path) => path.split("/").at(-1)?.replace(".json", "") ?? ""))];
const wordsOf = (language: string, namespace: string): Words =>
  files[`../locales/${language}/${namespace}.json`]?.default ?? {};
const has = (namespace: string, key: string) => keysOf(wordsOf("zh-CN", namespace)).has(key);

describe.each(namespaces)("the words of %s", (namespace) => {
  it("are the same keys in both languages", () => {
    expect([...keysOf(wordsOf("en", namespace))].sort()).toEqual([...keysOf(wordsOf("zh-CN", namespace))].sort());
  });

  it("name the same placeholders in both languages", () => {
    const placeholders = (language: string) => {
      const found = new Map<string, Set<string>>();
      for (const [key, text] of textsOf(wordsOf(language, namespace))) {
        const bare = key.replace(/_(one|other)$/, "");
        const names = found.get(bare) ?? new Set<string>();
        for (const [, name] of text.matchAll(/\{\{\s*(\w+)/g)) names.add(name ?? "");
        found.set(bare, names);
      }
      return Object.fromEntries([...found].map(([key, names]) => [key, [...names].sort()]));
    };
    expect(placeholders("en")).toEqual(placeholders("zh-CN"));
  });

  it("are not left empty", () => {
    for (const language of ["zh-CN", "en"]) {
      expect(textsOf(wordsOf(language, namespace)).filter(([, text]) => text.trim() === "")).toEqual([]);
    }
  });
});

describe("every state that can be shown has words", () => {
  it.each(TOPICS)("topic %s", (topic) => {
    expect(has("notification", `topic.${topic}`)).toBe(true);
    expect(has("notification", `topicText.${topic}`)).toBe(true);
  });
  it.each(CHANNELS)("channel %s", (channel) => expect(has("notification", `channel.${channel}`)).toBe(true));
  it.each(Object.keys(CONSULT_STATUS))("consult status %s", (status) => {
    expect(has("consult", `status.${status}`)).toBe(true);
    expect(has("consult", `waitFor.${status}`)).toBe(true);
  });
  it.each(Object.entries(CONSULT_EVENT))("consult step %s", (event, look) => {
    expect(has("consult", `event.${event}`)).toBe(true);
    expect(has("consult", `done.${event}`)).toBe(true);
    expect(has("consult", `history.${event}`)).toBe(true);
    if (look.ask !== "nothing") expect(has("consult", `ask.${event}`)).toBe(true);
  });
  it.each(Object.keys(URGENCY))("urgency %s", (urgency) => expect(has("consult", `urgency.${urgency}`)).toBe(true));
  it.each(Object.keys(AI_STATUS))("AI status %s", (status) => expect(has("study", `ai.${status}`)).toBe(true));
  it.each(Object.keys(VERDICT))("verdict %s", (verdict) => expect(has("study", `verdict.${verdict}`)).toBe(true));
  it.each(Object.keys(DECISION))("decision %s", (status) => expect(has("findings", `status.${status}`)).toBe(true));
  it.each(REJECTION_REASONS)("rejection reason %s", (reason) => expect(has("findings", `reason.${reason}`)).toBe(true));
  it.each(Object.keys(LINK_ENDS))("the end of a patient's link %s", (code) => {
    expect(has("visit", `end.${code}.title`) && has("visit", `end.${code}.text`)).toBe(true);
  });
  it.each(SPECIALTIES)("specialty %s", (name) => expect(has("common", `specialty.${name}`)).toBe(true));
});
