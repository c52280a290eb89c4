/** In which order images leave: the whole chest coarsely first, then ever finer. Pure. */
import type { FileHeader } from "./header";

/** So many slices show a whole series to a reader, and tell the gate what it is. */
export const KEY_SLICES = 20;

/** 0..count-1: every n-th first, then the middles of what is left, and their middles again. */
export function keySlicesFirst(count: number): { key: number[]; rest: number[] } {
  if (count <= KEY_SLICES) return { key: Array.from({ length: count }, (_, index) => index), rest: [] };
  const key: number[] = [];
  for (let n = 0; n < KEY_SLICES; n += 1) key.push(Math.round((n * (count - 1)) / (KEY_SLICES - 1)));
  const rest: number[] = [];
  let gaps = key.slice(1).map((high, index): [number, number] => [key[index] ?? 0, high]);
  while (gaps.length > 0) {
    const halves: [number, number][] = [];
    for (const [low, high] of gaps) {
      if (high - low < 2) continue;
      const middle = (low + high) >> 1;
      rest.push(middle);
      halves.push([low, middle], [middle, high]);
    }
    gaps = halves;
  }
  return { key, rest };
}

export interface Ordered {
  id: number;
  header: FileHeader | null;
}

const place = ({ header }: Ordered) => header?.position_mm ?? header?.instance_number ?? 0;

/** The ids in the order of sending: key slices of every series, the rest series by series, then what has no header. */
export function sendingOrder(files: readonly Ordered[]): number[] {
  const series = new Map<string, Ordered[]>();
  const others: number[] = [];
  for (const file of files) {
    if (file.header === null) others.push(file.id);
    else {
      const key = file.header.series_instance_uid;
      const known = series.get(key);
      if (known === undefined) series.set(key, [file]);
      else known.push(file);
    }
  }
  const first: number[] = [];
  const later: number[] = [];
  for (const slices of series.values()) {
    slices.sort((a, b) => place(a) - place(b));
    const { key, rest } = keySlicesFirst(slices.length);
    for (const index of key) first.push(slices[index]?.id ?? 0);
    for (const index of rest) later.push(slices[index]?.id ?? 0);
  }
  return [...first, ...later, ...others];
}
