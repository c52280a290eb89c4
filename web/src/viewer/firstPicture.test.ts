import { expect, it } from "vitest";

import { firstPictureOf } from "./firstPicture";

type Element = readonly [group: number, element: number, vr: string, value: number | string | Uint8Array];

/** One data element in Explicit VR Little Endian (PS3.5 7.1.2). */
function bytesOf([group, element, vr, value]: Element): number[] {
  const text = typeof value === "string" ? value + (value.length % 2 ? " " : "") : "";
  const content = typeof value === "number" ? [value & 255, value >> 8] : typeof value === "string" ? [...new TextEncoder().encode(text)] : [...value];
  const length = content.length;
  const head = [group & 255, group >> 8, element & 255, element >> 8, ...new TextEncoder().encode(vr)];
  const size = vr === "OW" ? [0, 0, length & 255, (length >> 8) & 255, 0, 0] : [length & 255, length >> 8];
  return [...head, ...size, ...content];
}

/** A file of one row. */
function fileOf(pixels: Int16Array, more: readonly Element[]): Uint8Array<ArrayBuffer> {
  const syntax = bytesOf([0x0002, 0x0010, "UI", "1.2.840.10008.1.2.1\0"]);
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
  return Uint8Array.from([...new Uint8Array(128), ...new TextEncoder().encode("DICM"), ...syntax, ...image.flatMap(bytesOf)]);
}

const greysOf = (file: Uint8Array<ArrayBuffer>) => firstPictureOf(file)?.rgba.filter((_, place) => place % 4 === 0);
const WINDOW: Element[] = [
  [0x0028, 0x1050, "DS", "0"],
  [0x0028, 0x1051, "DS", "101"],
  [0x0028, 0x1052, "DS", "-1000"],
  [0x0028, 0x1053, "DS", "2"],
];
const GREY: Element = [0x0028, 0x0004, "CS", "MONOCHROME2"];

it("draws values in their window, of signed pixels whose unused bits hold something else", () => {
  // 2 x 500 - 1000 = 0 HU is the window's middle; 0x1000 is a bit that is not stored.
  const file = fileOf(Int16Array.of(-1, 475, 500 + 0x1000, 525, 2047), [GREY, ...WINDOW]);
  const greys = [...(greysOf(file) ?? [])];
  expect(greys).toEqual([0, 1, 129, 255, 255]);
  expect(firstPictureOf(file)?.rgba.filter((_, place) => place % 4 === 3)).toEqual(new Uint8ClampedArray(5).fill(255));
});

it("draws MONOCHROME1 inverted, and what has no window from its lowest to its highest value", () => {
  const pixels = Int16Array.of(-2, 0, 2);
  expect([...(greysOf(fileOf(pixels, [GREY])) ?? [])]).toEqual([0, 128, 255]);
  expect([...(greysOf(fileOf(pixels, [[0x0028, 0x0004, "CS", "MONOCHROME1"]])) ?? [])]).toEqual([255, 128, 0]);
});

it("leaves colour, and what is no image, to the viewer", () => {
  expect(firstPictureOf(fileOf(Int16Array.of(1), [[0x0028, 0x0004, "CS", "PALETTE COLOR"]]))).toBeNull();
  expect(firstPictureOf(Uint8Array.of(1, 2, 3))).toBeNull();
});
