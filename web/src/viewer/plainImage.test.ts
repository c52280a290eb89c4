import { utilities } from "@cornerstonejs/metadata";
import { expect, it } from "vitest";

import { fileOf, type Element } from "./plainFiles";
import { plainImageOf, valuesOver } from "./plainImage";

const GREY: Element = [0x0028, 0x0004, "CS", "MONOCHROME2"];
const UNSIGNED: Element = [0x0028, 0x0103, "US", 0];
const scaled = (slope: string, intercept: string): Element[] => [
  [0x0028, 0x1052, "DS", intercept],
  [0x0028, 0x1053, "DS", slope],
];

function valuesOf(stored: readonly number[], more: readonly Element[]) {
  const image = plainImageOf(fileOf(Int16Array.from(stored), [GREY, ...more]));
  return image === null ? null : valuesOver(image);
}

it("gives signed pixels in the image's unit, without what stands in bits that are not stored", () => {
  const values = valuesOf([0, -1, 0x07ff, 0x1000 + 5, 0x0800], scaled("2", "-1000"));
  expect(values).toEqual({ pixels: Int16Array.of(-1000, -1002, 3094, -990, -5096), lowest: -5096, highest: 3094 });
});

it("gives unsigned pixels without what stands in bits that are not stored", () => {
  expect(valuesOf([0, 0x0fff, 0x1000 + 5], [UNSIGNED])?.pixels).toEqual(Int16Array.of(0, 4095, 5));
});

it("gives values beyond 32767 as unsigned ones", () => {
  expect(valuesOf([0, 0x0fff], [UNSIGNED, ...scaled("16", "0")])?.pixels).toEqual(Uint16Array.of(0, 65520));
});

it("leaves to the viewer's loader what is no whole number of 16 bits, and what a dose or a body's weight scales", () => {
  expect(valuesOf([1, 2], scaled("0.5", "0"))).toBeNull();
  expect(valuesOf([1, 2], scaled("1", "-1024.5"))).toBeNull();
  expect(valuesOf([-2000, 2000], scaled("20", "0"))).toBeNull();
  expect(valuesOf([1, 2047], [UNSIGNED, ...scaled("100", "0")])).toBeNull();
  expect(plainImageOf(fileOf(Int16Array.of(1), [GREY]))).not.toBeNull();
  expect(valuesOf([1, 2], [[0x0008, 0x0060, "CS", "PT"]])).toBeNull();
});

it("leaves to it, and never fails over, a file with a damaged byte or without its end", () => {
  const file = fileOf(Int16Array.of(1, 2, 3), [GREY, ...scaled("1", "-1024")]);
  const read = (damaged: Uint8Array<ArrayBuffer>) => {
    const image = plainImageOf(damaged);
    return image === null ? null : valuesOver(image);
  };
  for (let place = 128; place < file.length; place += 1) {
    expect(read(file.slice(0, place))).toBeNull();
    for (const byte of [0, 255]) expect(() => read(file.with(place, byte))).not.toThrow();
  }
});

it("keeps all that an image says of itself before its pixels", async () => {
  const file = fileOf(Int16Array.of(1, 2, 3), [GREY, ...scaled("1", "-1024")]);
  const whole = (await utilities.naturalizePart10Buffer(file)) as Record<string, unknown>;
  const header = plainImageOf(file)?.header ?? new Uint8Array();
  expect(await utilities.naturalizePart10Buffer(header)).toEqual(Object.fromEntries(Object.entries(whole).filter(([name]) => name !== "PixelData")));
  expect(whole["RescaleIntercept"]).toBe(-1024);
});
