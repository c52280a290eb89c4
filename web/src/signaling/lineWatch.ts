/**
 * Looks at the call's line each second, and has the senders, uploads and images do what the policy decides.
 *
 * It outlives the connections it looks at: what was learnt of the line holds after a reconnection. `close` lets
 * uploads and images go again and may be called twice.
 */
import { type Readable, Store } from "../viewer/store";
import { NO_CALL_BUDGET, setLineBudget } from "./lineBudget";
import { afterSecond, decide, FIRST_POLICY, type LineDecision, type LineFigures, type Word, worseOf } from "./linePolicy";
import { type CallQuality, figuresBetween, hasHeard, type LineReport, NO_CALL, stillTracks, withSecond } from "./lineStats";
import type { PeerConnections } from "./peerConnections";

const LOOK_EVERY_MS = 1_000;
/** A camera in the dark sends few frames: only what stands this long is told of. */
const STILL_AFTER_LOOKS = 4;
/** A silence that lasts longer is one of people who send nothing, or the browser gives the connection up. */
const LOOKS_OF_SILENCE = 10;

export interface LineView extends LineDecision {
  /** Null before the first look. */
  figures: LineFigures | null;
  quality: CallQuality;
  /** Participants whose picture stands still. */
  still: readonly string[];
}

const UNKNOWN: LineView = { ...decide(FIRST_POLICY), figures: null, quality: NO_CALL, still: [] };

export class LineWatch {
  private readonly store = new Store<LineView>(UNKNOWN);
  private readonly timer = setInterval(() => void this.look(), LOOK_EVERY_MS);
  private policy = FIRST_POLICY;
  private peers: PeerConnections | null = null;
  private before: LineReport | null = null;
  private stillFor = new Map<string, number>();
  private isLooking = false;
  private silentLooks = 0;
  private isAsking = false;

  /** `say`: tell the others that our line is now this. `silent`: nothing comes any more; again each second. */
  constructor(
    private readonly say: (word: Word) => void,
    private readonly silent: () => Promise<void>,
  ) {}

  get view(): Readable<LineView> {
    return this.store;
  }

  /** Look at these connections from now on; null: there are none at the moment. */
  follow(peers: PeerConnections | null): void {
    this.peers = peers;
    this.before = null;
    this.stillFor.clear();
    this.silentLooks = 0;
    void peers?.limit(this.store.get());
  }

  /** Tell those who may not know it, where it is known. */
  sayWord(): void {
    const line = this.store.get();
    if (line.figures !== null) this.say(worseOf(line));
  }

  close(): void {
    clearInterval(this.timer);
    this.peers = null;
    setLineBudget(NO_CALL_BUDGET);
  }

  private async look(): Promise<void> {
    const { peers } = this;
    if (peers === null || this.isLooking) return;
    this.isLooking = true;
    try {
      const report = await peers.statistics();
      if (this.peers === peers) await this.take(peers, report);
    } finally {
      this.isLooking = false;
    }
  }

  private async ask(): Promise<void> {
    if (this.isAsking) return;
    this.isAsking = true;
    await this.silent();
    this.isAsking = false;
  }

  private async take(peers: PeerConnections, report: LineReport): Promise<void> {
    const { before } = this;
    this.before = report;
    // The first report holds a call's beginning and no second of it.
    if (before === null) return;
    this.silentLooks = hasHeard(before, report) ? 0 : this.silentLooks + 1;
    if (this.silentLooks > 0 && this.silentLooks < LOOKS_OF_SILENCE) void this.ask();
    const figures = figuresBetween(before, report);
    const last = this.store.get();
    this.policy = afterSecond(this.policy, figures);
    const decision = decide(this.policy);
    setLineBudget(decision);
    this.store.set({
      ...decision,
      figures,
      quality: withSecond(last.quality, worseOf(decision), figures, before, report),
      still: this.stillOnes(last.still, stillTracks(before, report).map((track) => peers.ownerOf(track))),
    });
    if (last.figures === null || worseOf(decision) !== worseOf(last)) this.sayWord();
    if (decision.level !== last.level || decision.copies !== last.copies) await peers.limit(decision);
  }

  /** The same array while the same ones stand still: nothing is drawn anew. */
  private stillOnes(last: readonly string[], now: readonly (string | null)[]): readonly string[] {
    this.stillFor = new Map(now.flatMap((id) => (id === null ? [] : [[id, (this.stillFor.get(id) ?? 0) + 1]])));
    const still = [...this.stillFor].flatMap(([id, looks]) => (looks >= STILL_AFTER_LOOKS ? [id] : []));
    return still.join("\n") === last.join("\n") ? last : still;
  }
}
