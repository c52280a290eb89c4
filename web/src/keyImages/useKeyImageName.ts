/** What a key image is called: its series, its slice as the viewer counts, and the number it bears where that is another. */
import { useTranslation } from "react-i18next";

import type { KeyImage } from "../api/types";

export function useKeyImageName(): (one: KeyImage) => string {
  const { t } = useTranslation("keyImage");
  return ({ place, instance_number: number, ...one }) => {
    const series = t("series", { series: one.series_number ?? one.series_description ?? one.modality });
    const slice = place === null || place.count === 1 ? null : t("viewer:slice", { ...place });
    const image = number === null || (slice !== null && number === place?.index) ? null : t("image", { number });
    const frame = one.number_of_frames > 1 ? t("frame", { number: one.frame + 1 }) : null;
    return [series, slice, image, frame].filter((part) => part !== null).join(" · ");
  };
}
