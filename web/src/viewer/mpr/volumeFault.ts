import type { TFunction } from "i18next";

import type { VolumeFault } from "./volume";

/** Why there are no planes, as the reader is told. */
export function faultText(fault: VolumeFault, t: TFunction<"viewer">): string {
  switch (fault) {
    case "offline":
    case "signed-out":
    case "missing":
    case "server":
    case "undecodable":
      return t(`fault.${fault}`);
    default:
      return t(`mpr.fault.${fault}`);
  }
}
