import { useTranslation } from "react-i18next";

import { pictureUrl, useEvidence } from "../api/modelHooks";
import { ErrorState, LoadingState } from "../ui/states";
import classes from "./evidence.module.css";

/** Below this fall of the log-odds no single place decides the answer. */
const DECIDES_FROM = 0.5;

/** The pictures of one finding: where it lies in three planes, and what the network's answer rests on. */
export function EvidencePictures({ findingId }: { findingId: string }) {
  const { t } = useTranslation("findings");
  const evidence = useEvidence(findingId);
  if (evidence.isPending) return <LoadingState rows={3} />;
  if (evidence.isLoadingError) return <ErrorState error={evidence.error} onRetry={() => void evidence.refetch()} />;
  const { pictures } = evidence.data;
  if (pictures.length === 0) return <p className={classes.note}>{t("evidence.none")}</p>;
  const saliency = pictures.find(({ method }) => method != null);
  return (
    <div data-testid="evidence">
      <div className={classes.pictures}>
        {pictures.map(({ name }) => (
          <figure key={name} className={classes.picture}>
            <img src={pictureUrl(findingId, name)} alt={t(`evidence.${name}`, { defaultValue: name })} />
            <figcaption>{t(`evidence.${name}`, { defaultValue: name })}</figcaption>
          </figure>
        ))}
      </div>
      {saliency !== undefined && (
        <p className={classes.note}>
          {t((saliency.largest_fall ?? 0) >= DECIDES_FROM ? "evidence.saliencyText" : "evidence.saliencyFlat")}
        </p>
      )}
    </div>
  );
}
