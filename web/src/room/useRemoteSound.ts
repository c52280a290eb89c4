import { useEffect, useState } from "react";

import type { Participant } from "../signaling/session";

/** Plays everybody's sound, apart from the pictures. A browser that holds sound back until a click is asked again. */
export class RemoteSound {
  readonly #players = new Map<string, HTMLAudioElement>();
  readonly #onBlocked: (blocked: boolean) => void;

  constructor(onBlocked: (blocked: boolean) => void) {
    this.#onBlocked = onBlocked;
  }

  hear(participants: readonly Participant[]): void {
    const present = new Set(participants.map(({ id }) => id));
    for (const [id, player] of this.#players) {
      if (present.has(id)) continue;
      player.srcObject = null;
      this.#players.delete(id);
    }
    for (const { id, stream } of participants) {
      if (stream === null) continue;
      const player = this.#players.get(id) ?? new Audio();
      this.#players.set(id, player);
      if (player.srcObject === stream) continue;
      player.srcObject = stream;
      this.#play(player);
    }
  }

  playAll(): void {
    this.#onBlocked(false);
    for (const player of this.#players.values()) this.#play(player);
  }

  close(): void {
    this.hear([]);
  }

  #play(player: HTMLAudioElement): void {
    player.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === "NotAllowedError") this.#onBlocked(true);
    });
  }
}

export interface Sound {
  isBlocked: boolean;
  unblock: () => void;
}

export function useRemoteSound(participants: readonly Participant[], selfId: string | null): Sound {
  const [isBlocked, setBlocked] = useState(false);
  const [sound] = useState(() => new RemoteSound(setBlocked));
  useEffect(() => sound.hear(participants.filter(({ id }) => id !== selfId)), [sound, participants, selfId]);
  useEffect(() => () => sound.close(), [sound]);
  return { isBlocked, unblock: () => sound.playAll() };
}
