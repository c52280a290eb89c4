/** Owns the volume that is open and the view of it, and says what changed. */
import { Store } from "../store";
import type { Series, StudyDetail } from "../../api/types";
import type { Vector } from "../orientation";
import { slicesOf } from "../slices";
import type { ChangeCause } from "../stackSnapshot";
import type { ViewerState } from "../viewerState";
import { fromViewerState, opening, toViewerState, type MprView } from "./mprView";
import { loadVolume, type Volume, type VolumeFault } from "./volume";

export interface MprSnapshot {
  seriesInstanceUid: string | null;
  count: number;
  loadedCount: number;
  fault: VolumeFault | null;
  /** Both at once: a volume is there when it is seen. */
  shown: { volume: Volume; view: MprView } | null;
}

const NOTHING: MprSnapshot = { seriesInstanceUid: null, count: 0, loadedCount: 0, fault: null, shown: null };

export class MprModel {
  readonly snapshot = new Store<MprSnapshot>(NOTHING);
  #onChange: (cause: ChangeCause) => void = () => undefined;
  #studyInstanceUid = "";
  #loading = new AbortController();
  #followed: ViewerState | null = null;

  /** `onChange` is called after each change but those that were followed. */
  attach(onChange: (cause: ChangeCause) => void): void {
    this.#onChange = onChange;
  }

  /** Open a series as `start` shows it, or at a place in the patient. */
  async open(study: StudyDetail, series: Series, start: ViewerState | null, at: Vector | null): Promise<void> {
    this.close();
    const { signal } = this.#loading;
    const slices = slicesOf(study, series);
    this.#studyInstanceUid = study.study_instance_uid;
    this.snapshot.set({ ...NOTHING, seriesInstanceUid: series.series_instance_uid, count: slices.length });
    const result = await loadVolume(slices, (loadedCount) => this.#patch({ loadedCount }), signal);
    if ("fault" in result) {
      this.#patch({ fault: result.fault });
      return;
    }
    const { volume } = result;
    const state = this.#followed ?? start;
    const followed = state === null ? null : fromViewerState(state, volume.grid);
    this.#patch({ shown: { volume, view: followed ?? opening(volume, state, at) } });
    if (this.#followed === null) this.#onChange("load");
  }

  /** Forget what is open; safe to call twice. */
  close(): void {
    this.#loading.abort();
    this.#loading = new AbortController();
    this.snapshot.set(NOTHING);
  }

  /** Show what somebody else shows; null: nobody is followed any more, and the picture stays. */
  follow(state: ViewerState | null): void {
    this.#followed = state;
    const { shown } = this.snapshot.get();
    if (state === null || shown === null) return;
    const view = fromViewerState(state, shown.volume.grid);
    if (view !== null) this.#patch({ shown: { ...shown, view } });
  }

  change(next: (view: MprView, volume: Volume) => MprView): void {
    const { shown } = this.snapshot.get();
    if (shown === null) return;
    const view = next(shown.view, shown.volume);
    if (view === shown.view) return;
    this.#patch({ shown: { ...shown, view } });
    this.#onChange("user");
  }

  /** What others need to see the same; null while nothing is shown. */
  state(findingId: string | null): ViewerState | null {
    const { shown, seriesInstanceUid } = this.snapshot.get();
    if (shown === null || seriesInstanceUid === null) return null;
    return toViewerState(shown.view, shown.volume, { studyInstanceUid: this.#studyInstanceUid, seriesInstanceUid }, findingId);
  }

  #patch(part: Partial<MprSnapshot>): void {
    this.snapshot.set({ ...this.snapshot.get(), ...part });
  }
}
