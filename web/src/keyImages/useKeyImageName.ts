/** What a key image is called: its series and its number there. */
import { useTranslation } from "react-i18next";

import type { KeyImage } from "../api/types";

export function useKeyImageName(): (one: KeyImage) => string {
  const { t } = useTranslation("keyImage");
  return (one) => {
    const series = t("series", { series: one.series_number ?? one.series_description ?? one.modality });
    const image = one.instance_number === null ? null : t("image", { number: one.instance_number });
    const frame = one.number_of_frames > 1 ? t("frame", { number: one.frame + 1 }) : null;
    return [series, image, frame].filter((part) => part !== null).join(" · ");
  };
}
