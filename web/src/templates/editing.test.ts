import { describe, expect, it } from "vitest";

import type { Template } from "../api/types";
import { addField, afterEdit, begin, changeField, moveField, ofType, removeField, withFindings } from "./editing";

const words = { en: "A", zh: "甲" };
const template = {
  title: words,
  description: words,
  specialties: [],
  modalities: [],
  sections: [
    {
      id: "s",
      title: words,
      of_findings: { kinds: [], modalities: ["CT"] },
      fields: [
        { id: "size", label: words, type: "number", completion_action: "none", options: [], prefill: "diameter", unit: "mm" },
        { id: "note", label: words, type: "text", completion_action: "none", options: [] },
      ],
    },
  ],
} as Template;
const idsOf = (of: Template) => of.sections[0]?.fields.map(({ id }) => id);

describe("changing a template", () => {
  it("is taken back step by step and done again", () => {
    let state = begin(template);
    state = afterEdit(state, { type: "change", template: removeField(template, 0, 0), at: null });
    state = afterEdit(state, { type: "change", template: addField(state.now, 0, "x"), at: null });
    expect(idsOf(state.now)).toEqual(["note", "field_x"]);
    state = afterEdit(afterEdit(state, { type: "undo" }), { type: "undo" });
    expect(state.now).toEqual(template);
    expect(afterEdit(state, { type: "undo" })).toEqual(state);
    expect(idsOf(afterEdit(state, { type: "redo" }).now)).toEqual(["note"]);
  });

  it("takes the letters of one label back together", () => {
    let state = begin(template);
    for (const en of ["S", "Si", "Size"]) {
      state = afterEdit(state, { type: "change", template: changeField(state.now, 0, 0, { label: { en, zh: "径" } }), at: "size.label" });
    }
    expect(afterEdit(state, { type: "undo" }).now).toEqual(template);
  });

  it("moves no field beyond the ends", () => {
    expect(idsOf(moveField(template, 0, 1, -1))).toEqual(["note", "size"]);
    expect(idsOf(moveField(template, 0, 0, -1))).toEqual(["size", "note"]);
  });

  it("leaves a field nothing that its new type or section cannot have", () => {
    const [section] = template.sections;
    const [size] = section?.fields ?? [];
    if (section === undefined || size === undefined) throw new Error("the template has a field");
    expect(ofType(size, "text", "x")).not.toHaveProperty("unit");
    expect(ofType(size, "selection-list", "x").options).toHaveLength(1);
    expect(withFindings(section, null).fields[0]?.prefill).toBeNull();
    expect(withFindings(section, { kinds: [], modalities: [] }).fields[0]?.prefill).toBe("diameter");
  });
});
