import { expect, it } from "vitest";

import type { StudyDetail } from "../api/types";
import { openingSeries } from "./openingSeries";

const aSeries = (uid: string, modality: string, instance_count: number, verdict: string | null = null) => ({
  series_instance_uid: uid,
  modality,
  instance_count,
  verdict,
});
const opens = (series: unknown[], findings: unknown[] = []) => openingSeries({ series, findings } as StudyDetail);

it("opens a study with what AI found, else with what it can read, else with mammograms, else with the most images", () => {
  const [breast, ultrasound, chest] = [aSeries("mg", "MG", 4), aSeries("us", "US", 30), aSeries("ct", "CT", 90, "usable")];
  expect(opens([ultrasound, breast])).toBe("mg");
  expect(opens([ultrasound, breast, chest])).toBe("ct");
  expect(opens([chest, breast, ultrasound], [{ series_instance_uid: "us" }])).toBe("us");
  expect(opens([aSeries("a", "US", 2), ultrasound])).toBe("us");
  expect(opens([])).toBeNull();
});
