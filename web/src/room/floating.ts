/** What floats over an area stays within it. Pure. */
export interface Edges {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const within = (wanted: number, near: number, far: number) => Math.max(near, Math.min(far, wanted));

/** How far a box moves that is to move so far; one that is larger than the area begins where the area does. */
export const moveWithin = (box: Edges, area: Edges, [dx, dy]: readonly [number, number] = [0, 0]): readonly [number, number] => [
  within(dx, area.left - box.left, area.right - box.right),
  within(dy, area.top - box.top, area.bottom - box.bottom),
];
