import { expect, it } from "vitest";

import { firstPictureOf } from "./firstPicture";
import { fileOf, type Element } from "./plainFiles";

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
