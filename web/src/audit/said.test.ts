import type { TFunction } from "i18next";
import { describe, expect, it } from "vitest";

import { said } from "./said";
import { actionWords, fieldWords } from "./words";

const t = ((key: string, more?: { class: string; count: number }) =>
  more === undefined ? key : `${key} ${more.class} ${more.count}`) as unknown as TFunction<"audit">;

describe("codes of the audit log", () => {
  it("are said in the reader's language", () => {
    expect(actionWords("legal-hold-placed", "en")).toBe("Put on legal hold");
    expect(actionWords("legal-hold-placed", "zh-CN")).toBe("设置法律保留");
    expect(fieldWords("older_than_days", "zh-CN")).toBe("超过天数");
    expect(said("what", "list_legal_holds", "en", t)).toBe("legal holds");
    expect(said("status", 404, "zh-CN", t)).toBe("不存在或无权查看（404）");
  });

  it("stay as they are where there are no words", () => {
    expect(actionWords("made-up-later", "en")).toBe("made-up-later");
    expect(fieldWords("made_up", "zh-CN")).toBe("made_up");
    expect(said("reason", "file 7/2026: by court", "en", t)).toBe("file 7/2026: by court");
    expect(said("series", "1.2.840.1", "en", t)).toBe("1.2.840.1");
  });

  it("inside lists and groups are said too", () => {
    expect(said("roles", ["administrator", "1.2"], "en", t)).toBe("administrator, 1.2");
    expect(said("differences", { delete: 2, cold: null }, "en", t)).toBe("deleted 2, to the cold store —");
  });

  it("name the rule by which a recording or a study was deleted", () => {
    expect(said("reason", "recording-review:90", "en", t)).toBe("detail.class manage:kept.class.recording-review 90");
    expect(said("reason", "retention-rule/4f", "en", t)).toBe("detail.rule");
  });
});
