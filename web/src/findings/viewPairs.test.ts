import { describe, expect, it } from "vitest";

import type { Finding, Mammography } from "../api/types";
import { onOtherView } from "./viewPairs";

const finding = (id: string) => ({ id, sop_instance_uid: `1.${id}` }) as Finding;
const exam = {
  view_pairs: [{ finding_ids: ["a", "b"], difference_mm: 3 }],
  images: [
    { sop_instance_uid: "1.a", view_position: "CC" },
    { sop_instance_uid: "1.b", view_position: "MLO" },
  ],
  view_tolerance_mm: 25,
} as Mammography;

describe("onOtherView", () => {
  const all = ["a", "b", "c"].map(finding);

  it("names the other one of a pair and its view, from both sides", () => {
    expect(onOtherView(finding("a"), all, exam)).toMatchObject({ finding: { id: "b" }, view: "MLO", toleranceMm: 25 });
    expect(onOtherView(finding("b"), all, exam)).toMatchObject({ finding: { id: "a" }, view: "CC" });
  });

  it("is nothing for a finding without a pair, one whose other is gone, and a study without measures", () => {
    expect(onOtherView(finding("c"), all, exam)).toBeNull();
    expect(onOtherView(finding("a"), [finding("a")], exam)).toBeNull();
    expect(onOtherView(finding("a"), all, null)).toBeNull();
  });
});
