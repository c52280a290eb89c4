/** What floats over an area stays within it, and off what has to be pressed there. Pure. */
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

const GAP = 4;

const grown = ({ left, top, right, bottom }: Edges): Edges => ({
  left: left - GAP,
  top: top - GAP,
  right: right + GAP,
  bottom: bottom + GAP,
});

const shared = (a: Edges, b: Edges): number =>
  Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) *
  Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));

/** How far a box moves, as little as it can, to lie within the area and beside all of `others`; where there is no such
 * place, to cover as little of them as it can.
 */
export function moveClear(box: Edges, area: Edges, others: readonly Edges[]): readonly [number, number] {
  const near = others.map(grown).filter((one) => shared(one, area) > 0);
  const across = [0, ...near.flatMap(({ left, right }) => [left - box.right, right - box.left])];
  const down = [0, ...near.flatMap(({ top, bottom }) => [top - box.bottom, bottom - box.top])];
  const coveredAt = ([dx, dy]: readonly [number, number]) => {
    const there = { left: box.left + dx, top: box.top + dy, right: box.right + dx, bottom: box.bottom + dy };
    return Math.round(near.reduce((sum, one) => sum + shared(there, one), 0));
  };
  const moves = across.flatMap((dx) =>
    down.map((dy) => {
      const by = moveWithin(box, area, [dx, dy]);
      return { by, covered: coveredAt(by), way: Math.hypot(...by) };
    }),
  );
  return moves.reduce((best, one) => (one.covered < best.covered || (one.covered === best.covered && one.way < best.way) ? one : best)).by;
}

/** Where in an area a box lies, from 0 at its left and upper edge to 1 at the others: what holds in one of another size. */
export type Put = readonly [x: number, y: number];

const share = (before: number, after: number) => (before + after <= 0 ? 0 : Math.max(0, Math.min(1, before / (before + after))));

export const putOf = (box: Edges, area: Edges): Put => [
  share(box.left - area.left, area.right - box.right),
  share(box.top - area.top, area.bottom - box.bottom),
];

/** How far a box moves to where it was put. */
export const moveTo = ([x, y]: Put, box: Edges, area: Edges): readonly [number, number] => [
  area.left + x * (area.right - area.left - (box.right - box.left)) - box.left,
  area.top + y * (area.bottom - area.top - (box.bottom - box.top)) - box.top,
];

export function parsePut(text: string | null): Put | null {
  const [x, y] = (text ?? "").split(" ").map(Number);
  const holds = (one: number | undefined): one is number => one !== undefined && one >= 0 && one <= 1;
  return text !== null && text !== "" && holds(x) && holds(y) ? [x, y] : null;
}

/** The next corner clockwise, for who does not drag. */
export const nextCorner = ([x, y]: Put): Put => [y < 0.5 ? 1 : 0, x < 0.5 ? 0 : 1];
