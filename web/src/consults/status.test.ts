import { describe, expect, it } from "vitest";

import type { Consult, Urgency } from "../api/types";
import { draftFaults, EMPTY_DRAFT, newConsult, type ConsultDraft } from "./draft";
import { byUrgencyThenWaiting, CONSULT_STATUS, ROOM_OPEN } from "./status";

const aConsult = (id: string, urgency: Urgency, created_at: string) => ({ id, urgency, created_at }) as Consult;

describe("a specialist's worklist", () => {
  it("puts urgency first, then whoever has waited longest", () => {
    const consults = [
      aConsult("routine-old", "routine", "2026-11-01T00:00:00Z"),
      aConsult("urgent-new", "urgent", "2026-11-24T02:00:00Z"),
      aConsult("emergency", "emergency", "2026-11-24T03:00:00Z"),
      aConsult("urgent-old", "urgent", "2026-11-24T01:00:00Z"),
    ];
    expect(consults.sort(byUrgencyThenWaiting).map(({ id }) => id)).toEqual([
      "emergency",
      "urgent-old",
      "urgent-new",
      "routine-old",
    ]);
  });

  it("shows no finished consult with an open room", () => {
    for (const status of ROOM_OPEN) expect(CONSULT_STATUS[status].phase).toBe("active");
  });
});

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
