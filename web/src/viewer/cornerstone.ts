/** Starts Cornerstone3D once for the page. */
import { getConfiguration, init as startCore } from "@cornerstonejs/core";
import { init as startLoader } from "@cornerstonejs/dicom-image-loader";
import { init as startTools } from "@cornerstonejs/tools";

import { addMeasurementTools } from "./measurements";
import { startPlainLoader } from "./plainLoader";

/** Decoding competes with the call for the processor: two workers keep a laptop responsive. */
const DECODING_WORKERS = 2;

let started: Promise<void> | null = null;

/** Ready to make viewports. A second call waits for the first. */
export function startCornerstone(): Promise<void> {
  started ??= (async () => {
    const defaults = getConfiguration();
    // One picture is on screen at a time: one drawing context is enough, and a thin laptop keeps its memory.
    startCore({ ...defaults, rendering: { ...defaults.rendering, webGlContextCount: 1 } });
    startLoader({ maxWebWorkers: DECODING_WORKERS });
    startPlainLoader();
    await Promise.resolve(startTools());
    addMeasurementTools();
  })();
  return started;
}
