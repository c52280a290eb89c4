import { Kbd, Modal, Stack } from "@mantine/core";
import { Fragment } from "react";
import { useTranslation } from "react-i18next";

import classes from "./shortcuts.module.css";

const GROUPS = [
  {
    title: "worklist:keys.title",
    rows: [
      { keys: ["J", "K", "↓", "↑"], label: "worklist:keys.move" },
      { keys: ["Enter"], label: "worklist:keys.open" },
      { keys: ["A"], label: "worklist:keys.take" },
      { keys: ["/"], label: "worklist:keys.search" },
      { keys: ["F"], label: "worklist:keys.filters" },
    ],
  },
  {
    title: "shortcuts.findings",
    rows: [
      { keys: ["J"], label: "shortcuts.next" },
      { keys: ["K"], label: "shortcuts.previous" },
      { keys: ["A"], label: "shortcuts.accept" },
      { keys: ["R"], label: "shortcuts.reject" },
      { keys: ["U"], label: "shortcuts.undo" },
    ],
  },
  {
    title: "viewer:viewer",
    rows: [
      { keys: ["B"], label: "viewer:tool.scroll" },
      { keys: ["W"], label: "viewer:tool.window" },
      { keys: ["N"], label: "viewer:tool.pan" },
      { keys: ["Z"], label: "viewer:tool.zoom" },
      { keys: ["M"], label: "viewer:tool.magnify" },
      { keys: ["1", "2", "3", "4"], label: "viewer:presets" },
      { keys: ["[", "]"], label: "viewer:turn.keys" },
      { keys: ["P"], label: "viewer:layout.compare" },
      { keys: ["Q"], label: "viewer:compare.link" },
      { keys: ["."], label: "viewer:compare.here" },
      { keys: ["0"], label: "viewer:size.pixels" },
      { keys: ["9"], label: "viewer:size.true.pixel-spacing" },
      { keys: ["Space"], label: "viewer:cine.title" },
      { keys: ["I"], label: "viewer:invert" },
      { keys: ["H"], label: "viewer:marks" },
      { keys: ["C"], label: "viewer:readerFirst.key" },
      { keys: ["F"], label: "viewer:reset" },
    ],
  },
  {
    title: "viewer:layout.mpr",
    rows: [
      { keys: ["8"], label: "viewer:layout.toggle" },
      { keys: ["X"], label: "viewer:tool.crosshair" },
      { keys: ["5"], label: "viewer:mpr.plane.axial" },
      { keys: ["6"], label: "viewer:mpr.plane.coronal" },
      { keys: ["7"], label: "viewer:mpr.plane.sagittal" },
      { keys: ["G"], label: "viewer:mpr.large" },
      { keys: [",", "."], label: "viewer:mpr.slab.keys" },
      { keys: ["M"], label: "viewer:mpr.slab.next" },
    ],
  },
  {
    title: "viewer:measurements.title",
    rows: [
      { keys: ["L"], label: "viewer:tool.length" },
      { keys: ["X"], label: "viewer:tool.bidirectional" },
      { keys: ["G"], label: "viewer:tool.angle" },
      { keys: ["O"], label: "viewer:tool.ellipse" },
      { keys: ["V"], label: "viewer:tool.probe" },
      { keys: ["T"], label: "viewer:tool.arrow" },
      { keys: ["Ctrl+Z"], label: "viewer:measurements.undo" },
      { keys: ["Ctrl+Shift+Z"], label: "viewer:measurements.redo" },
      { keys: ["Delete"], label: "viewer:measurements.deleteSelected" },
      { keys: ["Esc"], label: "viewer:measurements.giveUp" },
    ],
  },
  {
    title: "shortcuts.room",
    rows: [
      { keys: ["Y"], label: "shortcuts.return" },
      { keys: ["'"], label: "shortcuts.present" },
      { keys: ["D"], label: "shortcuts.screen" },
      { keys: ["C"], label: "shortcuts.still" },
    ],
  },
  {
    title: "shortcuts.anywhere",
    rows: [
      { keys: [";"], label: "history:side.key" },
      { keys: ["?"], label: "shortcuts.help" },
    ],
  },
] as const;

export function ShortcutsHelp({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onClose} title={t("shortcuts.title")} closeButtonProps={{ "aria-label": t("close") }}>
      <Stack gap="lg">
        {GROUPS.map((group) => (
          <section key={group.title}>
            <h3 className={classes.title}>{t(group.title)}</h3>
            <dl className={classes.rows}>
              {group.rows.map((row) => (
                <Fragment key={row.label}>
                  <dt>
                    {row.keys.map((key) => (
                      <Kbd key={key}>{key}</Kbd>
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
