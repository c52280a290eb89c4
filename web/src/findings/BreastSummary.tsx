import { useTranslation } from "react-i18next";

import type { Mammography, StudyDetail } from "../api/types";
import { formatProbability } from "../ui/format";
import classes from "./findings.module.css";

type Image = Mammography["images"][number];
type Sides = Mammography["sides"][number];

/** In the order in which an examination is hung: right before left, craniocaudal before oblique. */
const inOrder = (images: readonly Image[]) =>
  [...images].sort(
    (a, b) =>
      (a.view_position ?? "").localeCompare(b.view_position ?? "") ||
      (b.image_laterality ?? "").localeCompare(a.image_laterality ?? ""),
  );

const signed = (value: number) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(0)}`;

function ImageRow({ image }: { image: Image }) {
  const { t } = useTranslation("findings");
  const { density, dense_cm2: area } = image;
  return (
    <tr>
      <th scope="row">{[image.image_laterality, image.view_position].filter(Boolean).join(" ") || "—"}</th>
      <td>{density === null ? t("breast.unknown") : `${density.category} (${formatProbability(density.probability)})`}</td>
      <td>{density === null ? "" : `${density.percent.toFixed(0)}%`}</td>
      <td>{area === null ? "" : `${area.toFixed(0)} cm²`}</td>
    </tr>
  );
}

function SidesRow({ sides }: { sides: Sides }) {
  const { t } = useTranslation("findings");
  const { left, right } = sides;
  return (
    <p>
      {t("breast.sides", {
        view: sides.view_position,
        percent: signed(left.percent - right.percent),
        area:
          left.dense_cm2 === null || right.dense_cm2 === null
            ? ""
            : t("breast.sidesArea", { area: signed(left.dense_cm2 - right.dense_cm2) }),
      })}
    </p>
  );
}

/** The density of the breasts over all mammograms of a study read so far, and what it rests on. */
export function BreastSummary({ study }: { study: StudyDetail }) {
  const { t } = useTranslation("findings");
  const { mammography: exam } = study;
  if (exam === null) {
    if (!study.modalities.includes("MG") || study.ai.status !== "completed") return null;
    return (
      <div className={classes.breast} data-testid="breast-density">
        <span className={classes.applies}>{t("breast.none")}</span>
      </div>
    );
  }
  const { density } = exam;
  return (
    <div className={classes.breast} data-testid="breast-density">
      {density === null ? (
        <span className={classes.applies}>{t("breast.notMeasured")}</span>
      ) : (
        <span>
          <strong>{t("breast.density", { category: density.category, percent: density.percent.toFixed(0) })}</strong>{" "}
          <span className={classes.applies}>{t("breast.suggestion")}</span>
        </span>
      )}
      <details className={classes.evidence}>
        <summary>{t("breast.more", { count: exam.images.length })}</summary>
        <table className={classes.breastTable}>
          <thead>
            <tr>
              <th scope="col">{t("breast.view")}</th>
              <th scope="col">{t("breast.category")}</th>
              <th scope="col">{t("breast.dense")}</th>
              <th scope="col">{t("breast.area")}</th>
            </tr>
          </thead>
          <tbody className="tabular">
            {inOrder(exam.images).map((image) => (
              <ImageRow key={image.sop_instance_uid} image={image} />
            ))}
          </tbody>
        </table>
        {exam.sides.map((sides) => (
          <SidesRow key={sides.view_position} sides={sides} />
        ))}
        <p className={classes.applies}>
          {density !== null && t("breast.probability", { percent: formatProbability(density.probability) })}{" "}
          {t("breast.fitted")}
        </p>
      </details>
    </div>
  );
}
