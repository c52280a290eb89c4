/** Which microphone, camera and loudspeaker the user chose in this browser. */
export type ChosenKind = "audio" | "video" | "output";

export interface Device {
  id: string;
  label: string;
}

export interface RememberedDevice extends Device {
  /** The user was told that it is gone and another one stands in for it. */
  isMissed: boolean;
}

/** The one that is meant: a browser gives a device another id when its data are cleared, but the name stays. */
export function meant(chosen: Device, present: readonly Device[]): Device | null {
  return (
    present.find(({ id }) => id === chosen.id) ??
    present.find(({ label }) => label !== "" && label === chosen.label) ??
    null
  );
}

export function parse(text: string | null): RememberedDevice | null {
  try {
    const value = JSON.parse(text ?? "null") as Partial<RememberedDevice> | null;
    if (typeof value?.id !== "string" || typeof value.label !== "string") return null;
    return { id: value.id, label: value.label, isMissed: value.isMissed === true };
  } catch {
    return null;
  }
}

const place = (kind: ChosenKind) => `teleconsult.device.${kind}`;

export const remembered = (kind: ChosenKind): RememberedDevice | null => parse(localStorage.getItem(place(kind)));

export const remember = (kind: ChosenKind, device: RememberedDevice): void =>
  localStorage.setItem(place(kind), JSON.stringify(device));
