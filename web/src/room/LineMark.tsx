import { useTranslation } from "react-i18next";

import type { Word } from "../signaling/session";
import { toneStyle } from "../ui/Tag";
import { LINE_LOOKS } from "./lineLooks";
import classes from "./room.module.css";

/** Somebody's line as a small mark; the sentence comes with it. */
export function LineMark({ word }: { word: Word }) {
  const { t } = useTranslation("room");
  const { tone, icon: Symbol } = LINE_LOOKS[word];
  return (
    <span className={classes.lineMark} style={toneStyle(tone)} title={t(`line.of.${word}`)} data-line={word}>
      <Symbol size={13} aria-hidden />
    </span>
  );
}
