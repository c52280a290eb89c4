import type { StudyDetail } from "../../api/types";
import { LEAST_SLICES } from "./voxelGrid";

/** What is taken in slices; whether a series lies so that planes can be cut is known when it is loaded. */
const SLICED = ["CT", "MR", "PT"];

export const suitsPlanes = ({ series }: StudyDetail): boolean =>
  series.some(({ modality, instances }) => SLICED.includes(modality) && instances.length >= LEAST_SLICES);
