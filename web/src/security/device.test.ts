import { describe, expect, it } from "vitest";

import { deviceOf } from "./device";

describe("a device by its user agent", () => {
  it.each([
    ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge", "Windows"],
    ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1", "Safari", "iOS"],
    ["Mozilla/5.0 (Linux; Android 14; ALN-AL80) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile Safari/537.36 MicroMessenger/8.0", "WeChat", "Android"],
    ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox", "Linux"],
  ])("knows %s", (agent, browser, system) => expect(deviceOf(agent)).toEqual({ browser, system }));

  it("says nothing of what it does not know", () => expect([deviceOf("python-httpx/0.28"), deviceOf(null)]).toEqual([null, null]));
});
