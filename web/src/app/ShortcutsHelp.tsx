import { Kbd, Modal, Stack } from "@mantine/core";
import { Fragment } from "react";
import { useTranslation } from "react-i18next";

import { shownKey } from "./keys";
import { HELP } from "./keyTable";
import classes from "./shortcuts.module.css";

export function ShortcutsHelp({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onClose} title={t("shortcuts.title")} closeButtonProps={{ "aria-label": t("close") }}>
      <Stack gap="lg">
        {HELP.map((group) => (
          <section key={group.title}>
            <h3 className={classes.title}>{t(group.title)}</h3>
            <dl className={classes.rows}>
              {group.rows.map((row) => (
                <Fragment key={row.label}>
                  <dt>
                    {row.keys.map((key) => (
                      <Kbd key={key}>{shownKey(key)}</Kbd>
                    ))}
                  </dt>
                  <dd>{t(row.label)}</dd>
                </Fragment>
              ))}
            </dl>
          </section>
        ))}
      </Stack>
    </Modal>
  );
}
