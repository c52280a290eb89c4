import { describe, expect, it } from "vitest";

import type { Reach } from "../api/types";
import { reachOf } from "./reach";

const aReach = (name: string, specialists: number, legal_role: Reach["legal_role"] = "consultation"): Reach => ({
  specialty: "radiology",
  legal_role,
  specialists,
  institution: { id: name, name_en: name, name_zh: name },
});

describe("whom a request reaches", () => {
  const reach = [aReach("province", 3), aReach("county", 0), aReach("city", 2, "remote-diagnosis")];

  it("counts the specialists of those who may be asked for this", () => {
    const found = reachOf(reach, "radiology", "consultation");
    expect(found.specialists).toBe(3);
    expect(found.institutions.map(({ institution }) => institution.id)).toEqual(["province"]);
  });

  it("tells an agreement without specialists from no agreement", () => {
    expect(reachOf([aReach("county", 0)], "radiology", "consultation")).toMatchObject({ allowed: true, specialists: 0 });
    expect(reachOf(reach, "oncology", "consultation").allowed).toBe(false);
  });
});
