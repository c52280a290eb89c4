import { afterEach, expect, it, vi } from "vitest";

import { lineBudget, NO_CALL_BUDGET } from "../signaling/lineBudget";
import { SeriesLoader } from "./imageLoading";

const asked: string[] = [];

vi.mock("./cornerstone", () => ({ startCornerstone: vi.fn() }));
vi.mock("@cornerstonejs/core", () => ({
  Enums: { VOILUTFunctionType: {} },
  utilities: {},
  imageLoader: {
    loadAndCacheImage: (imageId: string) => {
      asked.push(imageId);
      return Promise.resolve({ voiLUTFunction: "" });
    },
  },
}));

const slices = Array.from({ length: 9 }, (_, index) => ({ sopInstanceUid: `${index}`, frame: 0, imageId: `${index}` }));

afterEach(() => {
  lineBudget.set(NO_CALL_BUDGET);
});

it("while speech suffers only the image that is looked at is fetched, and the others once it is well again", async () => {
  lineBudget.set({ uploads: "free", images: "paused" });
  const loader = new SeriesLoader(slices, () => undefined);
  await loader.load(4);
  await loader.load(5);
  expect(asked).toEqual(["4", "5"]);

  lineBudget.set({ uploads: "free", images: "limited" });
  await vi.waitFor(() => expect(new Set(asked).size).toBe(slices.length));
  loader.stop();
});

it("says at once that the last slice is there, and seldom how many of the others", async () => {
  const told: number[] = [];
  const loader = new SeriesLoader(slices, ({ loaded }) => told.push(loaded));
  await loader.load(4);
  await vi.waitFor(() => expect(told.at(-1)).toBe(slices.length));
  expect(told).toEqual([1, slices.length]);
  await loader.load(5);
  expect(told).toEqual([1, slices.length]);
  loader.stop();
});
