/** Measures the screen with a bank card, so that true size is true. */
import { Button, Group, Modal, Slider, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { rememberScale, SCALE_LEAST, SCALE_MOST, screenScale } from "./screenScale";
import classes from "./viewer.module.css";

/** ISO/IEC 7810 ID-1: bank cards and identity cards, in mm. */
const CARD = { width: 85.6, height: 53.98 };

function Card({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation("viewer");
  const [scale, setScale] = useState(screenScale.get().pixelsPerMm);
  return (
    <>
      <Text size="sm">{t("screenSize.text")}</Text>
      <div className={classes.card} style={{ width: CARD.width * scale, height: CARD.height * scale }} />
      <Slider
        min={SCALE_LEAST}
        max={SCALE_MOST}
        step={0.01}
        value={scale}
        onChange={setScale}
        label={null}
        thumbLabel={t("screenSize.slider")}
      />
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={onDone}>
          {t("arrowText.cancel")}
        </Button>
        <Button
          onClick={() => {
            rememberScale(scale);
            onDone();
          }}
        >
          {t("screenSize.keep")}
        </Button>
      </Group>
    </>
  );
}

export function ScreenSizeDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation("viewer");
  const { t: common } = useTranslation();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t("screenSize.title")}
      size="lg"
      closeButtonProps={{ "aria-label": common("close") }}
    >
      {opened && <Card onDone={onClose} />}
    </Modal>
  );
}
