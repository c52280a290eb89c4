import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Language, StructuredReport } from "../api/types";
import { inLanguage, useLanguage } from "../app/i18n";
import { Note } from "../ui/Note";
import { differingPaths, sameKeyImages, SECTIONS, type Draft } from "./draft";
import classes from "./form.module.css";
import { valueText } from "./words";

export interface ConflictNoteProps {
  mine: Draft;
  theirs: Draft;
  structured: StructuredReport | null;
  mayKeepMine: boolean;
  onMine: () => void;
  onTheirs: () => void;
}

function labelOf(path: string, structured: StructuredReport | null, language: Language): string {
  const field = structured?.content.sections.flatMap(({ fields }) => fields).find(({ id }) => id === path.split("#")[0]);
  return field === undefined ? path : inLanguage(field.label, language);
}

/** What was typed here beside what the server has: one of them is to be chosen. */
export function ConflictNote({ mine, theirs, structured, mayKeepMine, onMine, onTheirs }: ConflictNoteProps) {
  const { t } = useTranslation("report");
  const language = useLanguage();
  const said = (draft: Draft, path: string) => {
    const field = structured?.content.sections.flatMap(({ fields }) => fields).find(({ id }) => id === path.split("#")[0]);
    const value = draft.written[path]?.value ?? null;
    return field === undefined ? String(value ?? "—") : valueText(field, value, language, [t("form.yes"), t("form.no")]);
  };
  const countOf = ({ key_images: chosen }: Draft) =>
    chosen == null ? t("keyImages.unchosen") : t("keyImages.count", { count: chosen.length });
  const rows = [
    ...SECTIONS.filter((name) => mine[name] !== theirs[name]).map((name) => [t(`section.${name}`), mine[name], theirs[name]] as const),
    ...differingPaths(mine.written, theirs.written).map(
      (path) => [labelOf(path, structured, language), said(mine, path), said(theirs, path)] as const,
    ),
    ...(sameKeyImages(mine, theirs) ? [] : [[t("section.key_images"), countOf(mine), countOf(theirs)] as const]),
  ];
  return (
    <Note tone="amber" title={t("conflict.title")} alert>
      {t(mayKeepMine ? "conflict.text" : "conflict.signed")}
      <table className={classes.both}>
        <thead>
          <tr>
            <td />
            <th scope="col">{t("conflict.mineTitle")}</th>
            <th scope="col">{t("conflict.theirsTitle")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([label, own, other]) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td>{own || "—"}</td>
              <td>{other || "—"}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className={classes.choices}>
        <Button size="xs" variant="default" onClick={onTheirs}>
          {t("conflict.theirs")}
        </Button>
        {mayKeepMine && (
          <Button size="xs" onClick={onMine}>
            {t("conflict.mine")}
          </Button>
        )}
      </div>
    </Note>
  );
}
