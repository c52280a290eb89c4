/** Which key images of the consult's studies are in the report: chosen by its writer, listed for its readers. */
import { Checkbox } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { addresses } from "../api/client";
import { usePollMs } from "../api/events";
import { useKeyImagesOf } from "../api/keyImageHooks";
import type { Consult, Figure, Report } from "../api/types";
import { inLanguage, useLanguage } from "../app/i18n";
import { KEYS } from "../app/keyTable";
import { KeyImageFacts } from "../keyImages/KeyImageFacts";
import pictures from "../keyImages/keyImages.module.css";
import { ErrorState, LoadingState } from "../ui/states";
import { inOrder, shownIds, toggled } from "./keyImages";
import classes from "./report.module.css";

const PICTURE_PX = 160;

export interface ReportKeyImagesProps {
  consult: Consult;
  report: Report;
  chosen: readonly string[] | null;
  /** Null: who looks at it does not write it. */
  onChoose: ((chosen: string[]) => void) | null;
}

export function ReportKeyImages({ consult, report, chosen, onChoose }: ReportKeyImagesProps) {
  const { t } = useTranslation("report");
  if (onChoose === null && report.figures.length === 0) return null;
  return (
    <section aria-label={t("section.key_images")}>
      {onChoose === null ? (
        <>
          <div className={classes.label}>{t("section.key_images")}</div>
          <ol className={classes.figures}>
            {report.figures.map((figure) => (
              <li key={figure.number}>
                <FigureFacts figure={figure} />
              </li>
            ))}
          </ol>
        </>
      ) : (
        <Choice consult={consult} report={report} chosen={chosen} onChoose={onChoose} />
      )}
    </section>
  );
}

function FigureFacts({ figure }: { figure: Figure }) {
  const { t } = useTranslation("report");
  const language = useLanguage();
  const { number, image, view, missing, note, made_by } = figure;
  return (
    <span className={pictures.about}>
      <strong>{[t("keyImages.figure", { number }), view].filter(Boolean).join(" · ")}</strong>
      <span className={classes.muted}>{[inLanguage(image, language), made_by].join(" · ")}</span>
      {note !== "" && <span>{note}</span>}
      {missing !== null && <span className={classes.muted}>{t("keyImages.missing", { why: inLanguage(missing, language) })}</span>}
    </span>
  );
}

function Choice({ consult, report, chosen, onChoose }: ReportKeyImagesProps & { onChoose: (chosen: string[]) => void }) {
  const { t } = useTranslation("report");
  const language = useLanguage();
  const answers = useKeyImagesOf(
    consult.studies.map((study) => study.study_instance_uid),
    usePollMs(),
  );
  const failed = answers.find((one) => one.isLoadingError);
  const all = inOrder(answers.flatMap(({ data }) => data ?? []));
  const most = report.most_figures;
  const shown = shownIds(chosen, all, most);
  const numberOf = (id: string) => shown.indexOf(id) + 1;
  const choose = (id: string) => onChoose(toggled(shown, id, all));
  const lost = report.figures.filter(({ key_image_id: id, missing }) => missing !== null && shown.includes(id) && !all.some((one) => one.id === id));
  if (failed !== undefined) return <ErrorState error={failed.error} onRetry={() => void failed.refetch()} />;
  if (answers.some((one) => one.isPending)) return <LoadingState rows={1} />;
  return (
    <>
      <div className={classes.label}>
        <span>{t("section.key_images")}</span>
        {all.length > 0 && <span className={classes.muted}>{t("keyImages.chosen", { count: shown.length, most })}</span>}
      </div>
      {all.length === 0 && lost.length === 0 && <div className={classes.muted}>{t("keyImages.none", { key: KEYS.picture.keyImage })}</div>}
      <div className={classes.keyImages}>
        {all.map((one) => (
          <label key={one.id} className={classes.keyImage}>
            <Checkbox
              size="xs"
              checked={shown.includes(one.id)}
              disabled={!shown.includes(one.id) && shown.length >= most}
              onChange={() => choose(one.id)}
            />
            <img src={addresses.keyImage(one.study_instance_uid, one.id, PICTURE_PX)} alt="" loading="lazy" />
            <span className={pictures.about}>
              {shown.includes(one.id) && <span className={classes.muted}>{t("keyImages.figure", { number: numberOf(one.id) })}</span>}
              <KeyImageFacts one={one} />
            </span>
          </label>
        ))}
        {lost.map((figure) => (
          <label key={figure.key_image_id} className={classes.keyImage}>
            <Checkbox size="xs" checked onChange={() => choose(figure.key_image_id)} />
            <span className={pictures.about}>
              <strong>{inLanguage(figure.image, language)}</strong>
              {figure.missing !== null && (
                <span className={classes.muted}>{t("keyImages.missing", { why: inLanguage(figure.missing, language) })}</span>
              )}
            </span>
          </label>
        ))}
      </div>
    </>
  );
}
