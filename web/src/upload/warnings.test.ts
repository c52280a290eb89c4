import { describe, expect, it } from "vitest";

import { aHeader } from "./builders";
import type { FileHeader } from "./header";
import { missingBetween, warningsOf } from "./warnings";

const slices = (places: readonly number[], part: Partial<FileHeader> = {}) =>
  places.map((position_mm, n) => aHeader({ position_mm, instance_number: n + 1, sop_instance_uid: `9.${n}`, ...part }));
const kinds = (headers: readonly FileHeader[], deidentifies = false) =>
  warningsOf(headers, deidentifies).map(({ kind, decides }) => `${kind}${decides ? "!" : ""}`);

describe("warnings before anything leaves", () => {
  it("has nothing to say of one patient's whole series", () => {
    expect(kinds(slices([0, 1, 2, 3, 4, 5]))).toEqual([]);
  });

  it("asks when a drop holds two patients, and names the series of each", () => {
    const headers = [...slices([0, 1, 2]), ...slices([0, 1], { patient_id: "P2", series_instance_uid: "8" })];
    const [warning] = warningsOf(headers, false);
    expect(warning).toMatchObject({ kind: "several-patients", decides: true });
    if (warning?.kind === "several-patients") {
      expect(warning.people.map(({ series, image_count }) => [series, image_count])).toEqual([
        [["1.2.3.4"], 3],
        [["8"], 2],
      ]);
    }
  });

  it("takes two spellings of a name under one number for one patient, and two names without numbers for two", () => {
    const named = (patient_name: string, patient_id: string) => aHeader({ patient_name, patient_id, sop_instance_uid: patient_name });
    expect(kinds([named("Zhang^San", "P1"), named("ZHANG SAN", "P1")])).toEqual([]);
    expect(kinds([named("Zhang^San", ""), named("zhang san", "")])).toEqual([]);
    expect(kinds([named("Zhang^San", ""), named("Li^Si", "")])).toEqual(["several-patients!"]);
  });

  it("asks about text in the picture only where the identity is to be removed", () => {
    const ultrasound = slices([0], { modality: "US" });
    expect(kinds(ultrasound)).toEqual(["burned-in"]);
    expect(kinds(ultrasound, true)).toEqual(["burned-in!"]);
    expect(kinds(slices([0], { modality: "US", burned_in_annotation: "NO" }), true)).toEqual([]);
    expect(kinds(slices([0], { burned_in_annotation: "YES" }))).toEqual(["burned-in"]);
  });

  it("tells secondary captures, gaps and duplicates", () => {
    expect(kinds(slices([0], { sop_class_uid: "1.2.840.10008.5.1.4.1.1.7" }))).toEqual(["burned-in", "secondary-captures"]);
    expect(kinds(slices([0, 1, 2, 3, 6, 7]))).toEqual(["missing-slices"]);
    expect(kinds(slices([0, 1, 2], { sop_instance_uid: "same" }))).toEqual(["duplicates"]);
  });

  it("counts what is missing by places, and by numbers where there are none", () => {
    expect(missingBetween(slices([0, 2.5, 5, 7.5, 15, 17.5]))).toBe(2);
    const unplaced = [1, 2, 3, 4, 8, 9].map((instance_number) => aHeader({ position_mm: null, instance_number }));
    expect(missingBetween(unplaced)).toBe(3);
  });

  it("does not take two interleaved acquisitions at one place for a gap", () => {
    expect(missingBetween(slices([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]))).toBe(0);
  });
});
