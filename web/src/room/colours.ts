/** One colour for each participant, the same on every screen. None is the AI's cyan or the ruler's yellow. Pure. */
const COLOURS = ["#ff9f6b", "#c7a6ff", "#8fdc7a", "#ff8fb8", "#8fb7ff", "#e8d2a0"] as const;

/** FNV-1a, 32 bit: spreads ids that differ in one letter. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const letter of text) value = Math.imul(value ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return value;
}

/** By their order among the present ids, so that two people never share a colour while there are enough. */
export function colourOf(id: string, present: readonly string[]): string {
  const place = present.toSorted().indexOf(id);
  return COLOURS[(place < 0 ? hash(id) : place) % COLOURS.length] ?? COLOURS[0];
}
