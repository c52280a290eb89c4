import { Button, Checkbox, Group } from "@mantine/core";
import { IconArrowRight } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useLanguage } from "../app/i18n";
import { formatPersonName } from "../ui/format";
import { Note } from "../ui/Note";
import type { UploadSession } from "./session";
import classes from "./upload.module.css";
import type { Person, Warning } from "./warnings";

export interface ReviewProps {
  session: UploadSession;
  warnings: readonly Warning[];
  image_count: number;
}

/** What must be decided before anything leaves the browser. */
export function Review({ session, warnings, image_count }: ReviewProps) {
  const { t } = useTranslation("upload");
  const language = useLanguage();
  const leftOut = session.leftOut;
  const people = warnings.flatMap((warning) => (warning.kind === "several-patients" ? warning.people : []));
  const choose = (person: Person, isSent: boolean) => {
    const next = new Set(leftOut);
    for (const uid of person.series) {
      if (isSent) next.delete(uid);
      else next.add(uid);
    }
    session.leaveOut(next);
  };
  const burnedIn = warnings.some(({ kind, decides }) => kind === "burned-in" && decides);
  return (
    <div className={classes.item} data-testid="upload-review">
      {people.length > 1 && (
        <Note tone="amber" title={t("review.severalPatients", { count: people.length })} alert>
          <div>{t("review.severalPatientsText")}</div>
          <div className={classes.people}>
            {people.map((person) => (
              <Checkbox
                key={`${person.patient_id}|${person.patient_name}`}
                checked={person.series.some((uid) => !leftOut.has(uid))}
                onChange={(event) => choose(person, event.currentTarget.checked)}
                label={
                  <>
                    <strong>{formatPersonName(person.patient_name, language)}</strong>{" "}
                    <span className={`${classes.muted} tabular`}>
                      {t("common:patientId")} {person.patient_id || "—"} · {t("images", { count: person.image_count })}
                    </span>
                  </>
                }
              />
            ))}
          </div>
        </Note>
      )}
      {burnedIn && (
        <Note tone="amber" title={t("review.burnedIn")} alert>
          {t("review.burnedInText")}
        </Note>
      )}
      <Group gap="sm">
        <Button
          size="sm"
          rightSection={<IconArrowRight size={16} />}
          disabled={image_count === 0}
          onClick={() => session.decide()}
        >
          {t("review.send", { count: image_count })}
        </Button>
        <Button size="sm" variant="default" onClick={() => session.reset()}>
          {t("review.drop")}
        </Button>
      </Group>
    </div>
  );
}
