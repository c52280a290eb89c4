/**
 * What was sent to the server in this stay, for as long as it may have to be sent again. Pure.
 *
 * The server counts what comes in and says the number when the line is back; messages after it are sent again.
 * Of what a later message makes worthless only the latest is kept. See signaling/outbox.py, the other side.
 */
import type { ClientMessage } from "./messages";

const KEPT = 128;
const LATEST_ONLY: ReadonlySet<ClientMessage["type"]> = new Set(["viewer", "pointer", "media", "watched"]);

export class SentLog {
  private entries: { number: number; message: ClientMessage }[] = [];
  private count = 0;
  /** The number of the last message that is not kept, though of use. */
  private forgotten = 0;

  constructor(private readonly kept = KEPT) {}

  push(message: ClientMessage): void {
    this.count += 1;
    if (LATEST_ONLY.has(message.type)) {
      this.entries = this.entries.filter((entry) => entry.message.type !== message.type);
    }
    this.entries.push({ number: this.count, message });
    if (this.entries.length > this.kept) this.forgotten = this.entries.shift()?.number ?? 0;
  }

  /** Forget what the server has, and return what it lacks, to be pushed and sent again; null: too much. */
  resume(received: number): ClientMessage[] | null {
    if (received < this.forgotten || received > this.count) return null;
    const missed = this.entries.filter(({ number }) => number > received).map(({ message }) => message);
    this.entries = [];
    this.count = this.forgotten = received;
    return missed;
  }

  clear(): void {
    this.entries = [];
    this.count = this.forgotten = 0;
  }
}
