import { describe, expect, it } from "vitest";

import { deviceFault } from "./devices";
import { meant, parse } from "./rememberedDevices";

const refusal = (name: string, message = "no") => new DOMException(message, name);

describe("a device that does not open", () => {
  it.each([
    [refusal("NotAllowedError"), "blocked"],
    [refusal("NotAllowedError", "Permission denied by system"), "system"],
    [refusal("SecurityError"), "blocked"],
    [refusal("NotFoundError"), "missing"],
    [refusal("OverconstrainedError"), "missing"],
    [refusal("NotReadableError"), "busy"],
    [refusal("AbortError"), "busy"],
    [new TypeError("undefined"), "old"],
    [refusal("InvalidStateError"), "unknown"],
    ["no", "unknown"],
  ])("with %s on a page with HTTPS is %s", (error, fault) => {
    expect(deviceFault(error, true)).toBe(fault);
  });

  it.each([refusal("NotAllowedError"), refusal("SecurityError"), new TypeError("undefined")])(
    "with %s on a page without HTTPS is insecure",
    (error) => {
      expect(deviceFault(error, false)).toBe("insecure");
    },
  );
});

describe("a remembered device", () => {
  const BUILT_IN = { id: "a", label: "Built-in" };
  const HEADSET = { id: "b", label: "Headset" };

  it("is known by its id, whatever it is called in this language", () => {
    expect(meant({ id: "b", label: "耳机" }, [BUILT_IN, HEADSET])).toBe(HEADSET);
  });

  it("is known by its name where the browser gives new ids", () => {
    expect(meant({ id: "old", label: "Headset" }, [BUILT_IN, HEADSET])).toBe(HEADSET);
  });

  it("is none of those present when it is gone, not even one without a name", () => {
    expect(meant(HEADSET, [BUILT_IN])).toBeNull();
    expect(meant({ id: "old", label: "" }, [{ id: "a", label: "" }])).toBeNull();
  });

  it.each([null, "", "{", "3", "[]", '{"id": 3, "label": "x"}'])("is none where the browser kept %s", (text) => {
    expect(parse(text)).toBeNull();
  });

  it("is read as it was written", () => {
    expect(parse(JSON.stringify({ ...HEADSET, isMissed: true }))).toEqual({ ...HEADSET, isMissed: true });
  });
});
