/** DICOM files of one row, for tests. */

export type Element = readonly [group: number, element: number, vr: string, value: number | string | Uint8Array];

/** One data element in Explicit VR Little Endian (PS3.5 7.1.2). */
function bytesOf([group, element, vr, value]: Element): number[] {
  const text = typeof value === "string" ? value + (value.length % 2 ? " " : "") : "";
  const content = typeof value === "number" ? [value & 255, value >> 8] : typeof value === "string" ? [...new TextEncoder().encode(text)] : [...value];
  const length = content.length;
  const head = [group & 255, group >> 8, element & 255, element >> 8, ...new TextEncoder().encode(vr)];
  const size = vr === "OW" ? [0, 0, length & 255, (length >> 8) & 255, 0, 0] : [length & 255, length >> 8];
  return [...head, ...size, ...content];
}

/** A file of one row, of twelve bits, which are signed unless `more` says otherwise: the later of two elements counts. */
export function fileOf(pixels: Int16Array, more: readonly Element[]): Uint8Array<ArrayBuffer> {
  const syntax = bytesOf([0x0002, 0x0010, "UI", "1.2.840.10008.1.2.1\0"]);
  const meta = [...bytesOf([0x0002, 0x0000, "UL", Uint8Array.of(syntax.length, 0, 0, 0)]), ...syntax];
  const image: Element[] = [
    [0x0028, 0x0002, "US", 1],
    [0x0028, 0x0010, "US", 1],
    [0x0028, 0x0011, "US", pixels.length],
    [0x0028, 0x0100, "US", 16],
    [0x0028, 0x0101, "US", 12],
    [0x0028, 0x0102, "US", 11],
    [0x0028, 0x0103, "US", 1],
    ...more,
    [0x7fe0, 0x0010, "OW", new Uint8Array(pixels.buffer)],
  ];
  return Uint8Array.from([...new Uint8Array(128), ...new TextEncoder().encode("DICM"), ...meta, ...image.flatMap(bytesOf)]);
}
