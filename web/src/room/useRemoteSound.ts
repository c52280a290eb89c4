import { useEffect, useState } from "react";

import type { Participant } from "../signaling/session";

/** Plays everybody's sound, apart from the pictures. A browser that holds sound back until a click is asked again. */
export class RemoteSound {
  readonly #players = new Map<string, HTMLAudioElement>();
  readonly #onBlocked: (blocked: boolean) => void;
  #outputId = "";

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
      const player = this.#players.get(id) ?? this.#newPlayer();
      this.#players.set(id, player);
      if (player.srcObject === stream) continue;
      player.srcObject = stream;
      this.#play(player);
    }
  }

  /** Through this loudspeaker; "" is the system's own choice. */
  playThrough(outputId: string): void {
    if (outputId === this.#outputId) return;
    this.#outputId = outputId;
    for (const player of this.#players.values()) this.#sendToOutput(player);
  }

  playAll(): void {
    this.#onBlocked(false);
    for (const player of this.#players.values()) this.#play(player);
  }

  close(): void {
    this.hear([]);
  }

  #newPlayer(): HTMLAudioElement {
    const player = new Audio();
    if (this.#outputId !== "") this.#sendToOutput(player);
    return player;
  }

  /** One that has just gone is replaced by the system; who can choose none has never been asked. */
  #sendToOutput(player: HTMLAudioElement): void {
    player.setSinkId(this.#outputId).catch((error: unknown) => console.warn("the loudspeaker stays as it is", error));
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

export function useRemoteSound(
  participants: readonly Participant[],
  selfId: string | null,
  outputId: string | null,
): Sound {
  const [isBlocked, setBlocked] = useState(false);
  const [sound] = useState(() => new RemoteSound(setBlocked));
  useEffect(() => sound.playThrough(outputId ?? ""), [sound, outputId]);
  useEffect(() => sound.hear(participants.filter(({ id }) => id !== selfId)), [sound, participants, selfId]);
  useEffect(() => () => sound.close(), [sound]);
  return { isBlocked, unblock: () => sound.playAll() };
}
