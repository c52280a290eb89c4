import { Menu } from "@mantine/core";
import { IconCheck, IconDeviceDesktop, IconMoon, IconSun } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { BRIGHTNESSES, choose, type PageKind, useBrightness } from "./brightness";

const ICONS = { light: IconSun, dark: IconMoon, system: IconDeviceDesktop } as const;

/** Three items of a menu, of which one is ticked; the page changes at once. */
export function BrightnessChoice({ kind }: { kind: PageKind }) {
  const { t } = useTranslation();
  const current = useBrightness(kind);
  return (
    <>
      <Menu.Label>{t(`brightness.of.${kind}`)}</Menu.Label>
      {BRIGHTNESSES.map((brightness) => {
        const Symbol = ICONS[brightness];
        return (
          <Menu.Item
            key={brightness}
            role="menuitemradio"
            aria-checked={brightness === current}
            closeMenuOnClick={false}
            leftSection={<Symbol size={16} aria-hidden />}
            rightSection={brightness === current ? <IconCheck size={16} aria-hidden /> : null}
            onClick={() => choose(kind, brightness)}
          >
            {t(`brightness.${brightness}`)}
          </Menu.Item>
        );
      })}
    </>
  );
}
