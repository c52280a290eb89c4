import { describe, expect, it } from "vitest";

import { deviceName } from "./pushBrowser";

describe("a browser's name in the list of devices", () => {
  it("is the browser's own, not that of the engines it also names", () => {
    expect(
      deviceName(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36 Edg/130.0",
      ),
    ).toBe("Edge · Windows");
    expect(
      deviceName("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36"),
    ).toBe("Chrome · Android");
  });

  it("is never empty", () => {
    expect(deviceName("")).toBe("Browser");
  });
});
