/** What a user agent tells of a device, for people: a guess, which only helps to know one's own again. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/MicroMessenger\//, "WeChat"],
  [/Edg(e|A|iOS)?\//, "Edge"],
  [/(OPR|Opera)\//, "Opera"],
  [/(Firefox|FxiOS)\//, "Firefox"],
  [/(Chrome|CriOS|Chromium)\//, "Chrome"],
  [/Version\/.*Safari\//, "Safari"],
];
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/(HarmonyOS|OpenHarmony)/, "HarmonyOS"],
  [/Android/, "Android"],
  [/iPhone|iPad/, "iOS"],
  [/Windows/, "Windows"],
  [/Mac OS X/, "macOS"],
  [/Linux|X11/, "Linux"],
];

const first = (table: typeof BROWSERS, agent: string) => table.find(([pattern]) => pattern.test(agent))?.[1] ?? null;

export function deviceOf(agent: string | null): { browser: string; system: string } | null {
  const browser = first(BROWSERS, agent ?? "");
  const system = first(SYSTEMS, agent ?? "");
  return browser === null || system === null ? null : { browser, system };
}
