/** A template as it is being changed: each step can be taken back until it is published. Pure. */
import type { FieldType, Template, TemplateField, TemplateSection } from "../api/types";

export interface Editing {
  past: readonly Template[];
  now: Template;
  future: readonly Template[];
  /** Steps of one kind at one place, such as letters of a label, are taken back together. */
  at: string | null;
}

export type EditingEvent =
  | { type: "change"; template: Template; at: string | null }
  | { type: "undo" }
  | { type: "redo" }
  | { type: "reset"; template: Template };

const MOST_STEPS = 200;

export const begin = (template: Template): Editing => ({ past: [], now: template, future: [], at: null });

export function afterEdit(state: Editing, event: EditingEvent): Editing {
  const { past, now, future, at } = state;
  switch (event.type) {
    case "change":
      if (event.at !== null && event.at === at) return { ...state, now: event.template, future: [] };
      return { past: [...past, now].slice(-MOST_STEPS), now: event.template, future: [], at: event.at };
    case "undo": {
      const before = past.at(-1);
      return before === undefined ? state : { past: past.slice(0, -1), now: before, future: [now, ...future], at: null };
    }
    case "redo": {
      const after = future[0];
      return after === undefined ? state : { past: [...past, now], now: after, future: future.slice(1), at: null };
    }
    case "reset":
      return begin(event.template);
  }
}

function moved<T>(list: readonly T[], from: number, by: 1 | -1): T[] {
  const to = from + by;
  const [a, b] = [list[from], list[to]];
  if (a === undefined || b === undefined) return [...list];
  return list.map((one, index) => (index === from ? b : index === to ? a : one));
}

const withSections = (template: Template, sections: TemplateSection[]): Template => ({ ...template, sections });

export const changeSection = (template: Template, index: number, part: Partial<TemplateSection>) =>
  withSections(
    template,
    template.sections.map((section, n) => (n === index ? { ...section, ...part } : section)),
  );

export const moveSection = (template: Template, index: number, by: 1 | -1) =>
  withSections(template, moved(template.sections, index, by));

export const removeSection = (template: Template, index: number) =>
  withSections(
    template,
    template.sections.filter((_, n) => n !== index),
  );

const NEW_WORDS = { field: { en: "New field", zh: "新字段" }, section: { en: "New section", zh: "新章节" } } as const;

const newField = (unique: string): TemplateField => ({
  id: `field_${unique}`,
  label: NEW_WORDS.field,
  type: "text",
  completion_action: "none",
  options: [],
});

export const addSection = (template: Template, unique: string) =>
  withSections(template, [
    ...template.sections,
    { id: `section_${unique}`, title: NEW_WORDS.section, fields: [newField(unique)] },
  ]);

function changeFields(template: Template, section: number, change: (fields: TemplateField[]) => TemplateField[]) {
  const known = template.sections[section];
  return known === undefined ? template : changeSection(template, section, { fields: change(known.fields) });
}

export const addField = (template: Template, section: number, unique: string) =>
  changeFields(template, section, (fields) => [...fields, newField(unique)]);

export const moveField = (template: Template, section: number, index: number, by: 1 | -1) =>
  changeFields(template, section, (fields) => moved(fields, index, by));

export const removeField = (template: Template, section: number, index: number) =>
  changeFields(template, section, (fields) => fields.filter((_, n) => n !== index));

export const changeField = (template: Template, section: number, index: number, part: Partial<TemplateField>) =>
  changeFields(template, section, (fields) => fields.map((field, n) => (n === index ? { ...field, ...part } : field)));

/** A field of another type keeps what both have; a list begins with one option. */
export function ofType(field: TemplateField, type: FieldType, unique: string): TemplateField {
  const { id, label, completion_action, options } = field;
  const bare: TemplateField = { id, label, type, completion_action, options: [] };
  if (type !== "selection-list") return bare;
  return { ...bare, options: options.length > 0 ? options : [{ code: `o${unique}`, label: { en: "Option", zh: "选项" } }] };
}

type Prefill = NonNullable<TemplateField["prefill"]>;

/** What of a finding a field of this type can be filled with, in a section with a row for each. */
export const PREFILLS: Readonly<Record<FieldType, readonly Prefill[]>> = {
  text: ["image", "view"],
  number: ["long-axis", "short-axis", "diameter", "solid-diameter", "volume", "distance-to-pleura", "distance-to-nipple"],
  "selection-list": ["kind", "laterality", "lung-third", "density", "change", "category"],
  date: [],
  "yes-no": [],
};

/** A section with or without a row for each finding; fields keep no prefill that it cannot have. */
export function withFindings(section: TemplateSection, of: TemplateSection["of_findings"]): TemplateSection {
  const hasRows = of !== null && of !== undefined;
  return {
    ...section,
    of_findings: of ?? null,
    fields: section.fields.map((field) => {
      const fits = field.prefill && PREFILLS[field.type].includes(field.prefill) === hasRows;
      return fits === false ? { ...field, prefill: null } : field;
    }),
  };
}
