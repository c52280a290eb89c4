/** Tells the server how large each picture is seen on this screen, when that changes. */
import { latestOnly } from "./latestOnly";
import { ridFor, type Rid } from "./layers";
import type { SetWatched } from "./messages";

/** A window that is being resized passes through many sizes. */
const SPACING_MS = 300;

export class WatchedPictures {
  private readonly rids = new Map<string, Rid | null>();
  private readonly out = latestOnly<SetWatched>((message) => this.send(message), SPACING_MS);

  constructor(private readonly send: (message: SetWatched) => void) {}

  /** See `Session.sizePicture`. Nothing is sent before `tell`. */
  size(participantId: string, sidePx: number | null, isConnected: boolean): void {
    const before = this.rids.get(participantId);
    const rid = sidePx === null ? undefined : ridFor(sidePx);
    if (rid === before) return;
    if (rid === undefined) this.rids.delete(participantId);
    else this.rids.set(participantId, rid);
    if (isConnected) this.tell();
  }

  /** A new stay knows nothing of what is watched. */
  tell(): void {
    const pictures = [...this.rids].map(([participantId, rid]) => ({ participantId, rid }));
    this.out.send({ type: "watched", pictures });
  }

  cancel(): void {
    this.out.cancel();
  }
}
