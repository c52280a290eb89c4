import { Menu } from "@mantine/core";
import { IconDeviceDesktop, IconMoon, IconSun } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { BRIGHTNESSES, type Brightness, choose, type PageKind, useBrightness } from "./brightness";

const ICONS = { light: IconSun, dark: IconMoon, system: IconDeviceDesktop } as const;

/** Three items of a menu, of which one is ticked; the page changes at once. */
export function BrightnessChoice({ kind }: { kind: PageKind }) {
  const { t } = useTranslation();
  const current = useBrightness(kind);
  return (
    <>
      <Menu.Label>{t(`brightness.of.${kind}`)}</Menu.Label>
      <Menu.RadioGroup value={current} onChange={(chosen) => choose(kind, chosen as Brightness)}>
        {BRIGHTNESSES.map((brightness) => {
          const Symbol = ICONS[brightness];
          return (
            <Menu.RadioItem
              key={brightness}
              value={brightness}
              closeMenuOnClick={false}
              rightSection={<Symbol size={16} aria-hidden />}
            >
              {t(`brightness.${brightness}`)}
            </Menu.RadioItem>
          );
        })}
      </Menu.RadioGroup>
    </>
  );
}
