import { describe, expect, it } from "vitest";

import { agreementTerms, lastDayOf, startOfDay, type AgreementDraft } from "./agreement";

const DRAFT: AgreementDraft = {
  direction: "we-ask",
  other: "province",
  specialties: ["radiology"],
  legalRoles: ["consultation"],
  firstDay: "2026-03-01",
  lastDay: "2026-12-31",
};

describe("the terms of an agreement", () => {
  it("hold on the last day and no longer", () => {
    const terms = agreementTerms(DRAFT, "township");
    expect(terms?.starts_at).toBe(startOfDay("2026-03-01").toISOString());
    expect(terms?.ends_at).toBe(startOfDay("2027-01-01").toISOString());
    expect(lastDayOf(terms?.ends_at ?? "")).toBe("2026-12-31");
  });

  it("say who asks whom", () => {
    expect(agreementTerms(DRAFT, "township")).toMatchObject({
      inviting_institution_id: "township",
      invited_institution_id: "province",
    });
    expect(agreementTerms({ ...DRAFT, direction: "they-ask" }, "township")).toMatchObject({
      inviting_institution_id: "province",
      invited_institution_id: "township",
    });
  });

  it.each([{ other: "" }, { specialties: [] }, { legalRoles: [] }, { lastDay: "2026-02-28" }, { firstDay: "" }])(
    "are not sent with %o",
    (part) => expect(agreementTerms({ ...DRAFT, ...part }, "township")).toBeNull(),
  );
});
