/** While it plays: how fast, and stop. */
import { IconPlayerStop } from "@tabler/icons-react";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import { SPEED_LEAST, SPEED_MOST, speedOf, type Cine } from "./cine";
import { ToolButton } from "./ToolButton";
import classes from "./viewer.module.css";

export function CineBar({ cine, asked }: { cine: Cine; asked: number | null }) {
  const { t } = useTranslation("viewer");
  const { playing, chosenSpeed } = useSyncExternalStore(cine.state.subscribe, cine.state.get);
  if (!playing) return null;
  const speed = speedOf(chosenSpeed, asked);
  return (
    <div className={classes.cine} role="group" aria-label={t("cine.title")}>
      <ToolButton label={t("cine.stop")} shortcut={t("cine.space")} icon={IconPlayerStop} onPress={cine.stop} />
      <input
        type="range"
        min={SPEED_LEAST}
        max={SPEED_MOST}
        value={speed}
        aria-label={t("cine.speed")}
        aria-valuetext={t("cine.perSecond", { speed })}
        onChange={(event) => cine.setSpeed(Number(event.currentTarget.value))}
        onPointerUp={(event) => event.currentTarget.blur()}
      />
      <span>{t("cine.perSecond", { speed })}</span>
    </div>
  );
}
