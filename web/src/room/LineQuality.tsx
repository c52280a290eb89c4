import { Tooltip } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { worseOf } from "../signaling/linePolicy";
import type { Session } from "../signaling/session";
import { Tag } from "../ui/Tag";
import { LINE_LOOKS } from "./lineLooks";
import { lineFacts } from "./lineWords";
import classes from "./room.module.css";
import { useLine } from "./useLine";

/** The line in one word, in two where what is heard of us and what we hear differ; the figures on demand. */
export function LineQuality({ session }: { session: Session | null }) {
  const { t } = useTranslation("room");
  const line = useLine(session);
  if (line === null || line.figures === null) return <Tag {...LINE_LOOKS.good}>{t("connection.connected")}</Tag>;
  const worse = worseOf(line);
  const said = t("line.said", { out: t(`line.word.${line.out}`), in: t(`line.word.${line.in}`) });
  const figures = (
    <div className={classes.lineFigures}>
      <strong>{said}</strong>
      {line.level !== "full" && <span>{t(`line.level.${line.level}`)}</span>}
      <dl>
        {lineFacts(line).map(({ fact, value }) => (
          <div key={fact}>
            <dt>{t(`line.fact.${fact}`)}</dt>
            <dd className="tabular">{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
  return (
    <Tooltip label={figures} multiline w={270} events={{ hover: true, focus: true, touch: true }}>
      <button
        type="button"
        className={classes.lineQuality}
        aria-label={said}
        data-line-out={line.out}
        data-line-in={line.in}
        data-level={line.level}
      >
        <Tag {...LINE_LOOKS[worse]}>
          {line.out === line.in ? (
            t(`line.word.${worse}`)
          ) : (
            <>
              <IconArrowUp size={13} aria-hidden />
              {t(`line.word.${line.out}`)}
              <IconArrowDown size={13} aria-hidden />
              {t(`line.word.${line.in}`)}
            </>
          )}
        </Tag>
      </button>
    </Tooltip>
  );
}
