import { describe, expect, it } from "vitest";

import { emptyPlan, forPatient, localTime, newProcedure } from "./plan";

const NOON = new Date(2026, 10, 25, 12, 5);

describe("planning an examination", () => {
  it("needs a patient and a time", () => {
    const plan = { ...emptyPlan(NOON), patientId: "P-1", name: "王芳" };
    expect(newProcedure(plan)).not.toBeNull();
    expect(newProcedure({ ...plan, patientId: "  " })).toBeNull();
    expect(newProcedure({ ...plan, name: "" })).toBeNull();
    expect(newProcedure({ ...plan, time: "" })).toBeNull();
  });

  it("sends the moment, not the clock on the wall", () => {
    expect(localTime(NOON)).toBe("2026-11-25T12:05");
    const request = newProcedure({ ...emptyPlan(NOON), patientId: "P-1", name: "王芳" });
    expect(request?.scheduled_at).toBe(NOON.toISOString());
  });

  it("leaves out what was not filled in", () => {
    const request = newProcedure({ ...emptyPlan(NOON), patientId: "P-1", name: "王芳", station: " " });
    expect(request).toMatchObject({ scheduled_station_ae_title: null, patient_sex: null, accession_number: null });
  });

  it("takes a known patient as the records have them", () => {
    const patient = { id: "1", name: "WANG^FANG=王^芳", patient_id: "P-1", birth_date: "1960-12-31", sex: "F", study_count: 1 };
    expect(forPatient(emptyPlan(NOON), patient)).toMatchObject({
      patientId: "P-1", name: "WANG^FANG=王^芳", sex: "F", birthDate: "1960-12-31",
    });
  });
});
