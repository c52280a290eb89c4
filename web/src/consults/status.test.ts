import { describe, expect, it } from "vitest";

import { draftFaults, EMPTY_DRAFT, newConsult, type ConsultDraft } from "./draft";

const complete: ConsultDraft = {
  ...EMPTY_DRAFT,
  patient_id: "p1",
  study_instance_uids: ["1.2"],
  question: "Is it malignant?",
  consent_method: "written",
  consent_given: true,
};

describe("a request for a consult", () => {
  it("is sent when nothing is missing", () => {
    expect(newConsult(complete)).toMatchObject({ patient_id: "p1", consent: { given: true, method: "written" } });
  });

  it.each([
    ["patient", { patient_id: null }],
    ["study", { study_instance_uids: [] }],
    ["question", { question: "  " }],
    ["consentMethod", { consent_method: null }],
    ["consentGiven", { consent_given: false }],
    ["emergencyReason", { consent_method: "emergency" }],
  ] as const)("is held back without %s", (fault, part) => {
    const draft = { ...complete, ...part };
    expect([...draftFaults(draft)]).toEqual([fault]);
    expect(newConsult(draft)).toBeNull();
  });

  it("claims no consent in an emergency", () => {
    const request = newConsult({ ...complete, consent_method: "emergency", consent_note: "unconscious" });
    expect(request?.consent).toEqual({ given: false, method: "emergency", giver: null, note: "unconscious" });
  });
});
