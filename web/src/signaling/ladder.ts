/**
 * A ladder of rungs, the best first: quickly down when the line no longer bears one, slowly up. Pure.
 *
 * A rung that did not last makes the next climb wait twice as long, so that a line that comes and goes does not
 * make what hangs on it come and go with it.
 */

/** How quickly it goes down and up, in seconds. */
export interface Pace {
  fallAfterS: number;
  firstHoldS: number;
  longestHoldS: number;
}

export interface Place {
  /** 0 is the best. */
  rung: number;
  badForS: number;
  goodForS: number;
  /** So long must it be good before the next climb. */
  holdS: number;
  sinceRiseS: number;
}

/** A rung that held so long was right to climb. */
const PROVEN_AFTER_S = 60;

export const onRung = (rung: number, pace: Pace): Place => ({
  rung,
  badForS: 0,
  goodForS: 0,
  holdS: pace.firstHoldS,
  sinceRiseS: Infinity,
});

/**
 * Where one stands a second later.
 *
 * Args:
 *     bearable: the best rung that the line bears now.
 *     reachable: the best rung that it would bear with room to spare; not better than `bearable`.
 */
export function step(place: Place, bearable: number, reachable: number, pace: Pace): Place {
  const isBad = bearable > place.rung;
  const isGood = reachable < place.rung;
  const next: Place = {
    ...place,
    badForS: isBad ? place.badForS + 1 : 0,
    goodForS: isGood ? place.goodForS + 1 : 0,
    holdS: place.sinceRiseS === PROVEN_AFTER_S ? pace.firstHoldS : place.holdS,
    sinceRiseS: place.sinceRiseS + 1,
  };
  if (next.badForS >= pace.fallAfterS) {
    // A second fall in the same trouble says nothing about the last climb.
    const holdS = place.sinceRiseS < PROVEN_AFTER_S ? Math.min(pace.longestHoldS, place.holdS * 2) : next.holdS;
    // Over as many rungs as it takes: what is far too much goes at once.
    return { rung: bearable, badForS: 0, goodForS: 0, holdS, sinceRiseS: Infinity };
  }
  if (next.goodForS >= place.holdS) {
    return { ...next, rung: place.rung - 1, goodForS: 0, sinceRiseS: 0 };
  }
  return next;
}
