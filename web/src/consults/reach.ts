/** Whom a request reaches under the agreements in force. Pure. */
import type { LegalRole, Reach } from "../api/types";

export function reachOf(reach: readonly Reach[], specialty: string, legalRole: LegalRole) {
  const open = reach.filter((one) => one.specialty === specialty && one.legal_role === legalRole);
  return {
    /** Whether there is anybody who may be asked for this at all. */
    allowed: open.length > 0,
    institutions: open.filter((one) => one.specialists > 0),
    specialists: open.reduce((sum, one) => sum + one.specialists, 0),
  };
}
