import { Button } from "@mantine/core";
import { IconMaximize, IconPhoto, IconScreenShare } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import classes from "./sharedScreen.module.css";
import { useStream } from "./useStream";

export interface SharedScreenProps {
  name: string;
  stream: MediaStream;
  /** The last picture is shown, because the sharer's line carries no more. */
  isStill: boolean;
}

/** Somebody else's screen: over the images while it is looked at, in a corner of them when not. */
export function SharedScreen({ name, stream, isStill }: SharedScreenProps) {
  const { t } = useTranslation("room");
  const [isLarge, setLarge] = useState(true);
  const video = useStream(stream);
  return (
    <figure className={classes.screen} data-large={isLarge || undefined} data-testid="shared-screen">
      <figcaption className={classes.bar}>
        <span className={classes.words} role="status">
          <IconScreenShare size={16} aria-hidden /> {t("screen.of", { name })}
        </span>
        <Button
          size="compact-xs"
          variant={isLarge ? "default" : "filled"}
          leftSection={isLarge ? <IconPhoto size={14} aria-hidden /> : <IconMaximize size={14} aria-hidden />}
          onClick={() => setLarge(!isLarge)}
        >
          {t(isLarge ? "screen.toImages" : "screen.toScreen")}
        </Button>
      </figcaption>
      <video ref={video} className={classes.picture} muted playsInline autoPlay aria-label={t("screen.of", { name })} />
      {isStill && <span className={classes.still}>{t("line.stillPicture")}</span>}
    </figure>
  );
}
