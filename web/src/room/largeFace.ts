/** Whose picture is shown large, where one is: whom the user keeps, or else whoever of the others spoke last. Pure. */
export interface LargeFaceSituation {
  /** The others in the room. */
  others: readonly string[];
  keptId: string | null;
  /** Who of the others spoke last. */
  heardId: string | null;
}

export function largeFace({ others, keptId, heardId }: LargeFaceSituation): string | null {
  return [keptId, heardId].find((id) => id !== null && others.includes(id)) ?? others[0] ?? null;
}
