/** The key images of the open study: to go to, to say why, to remove. */
import { ActionIcon, Tooltip } from "@mantine/core";
import { IconPencil, IconTrash, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { addresses } from "../api/client";
import { useMe } from "../api/hooks";
import type { KeyImage } from "../api/types";
import { KEYS } from "../app/keyTable";
import measured from "../viewer/measurements.module.css";
import classes from "./keyImages.module.css";
import { useKeyImageName } from "./useKeyImageName";
import type { KeyImageTool } from "./useKeyImageTool";

const MOST_CHARACTERS = 500;
const PICTURE_PX = 160;

function NoteField({ one, onKeep, onDone }: { one: KeyImage; onKeep: (note: string) => void; onDone: () => void }) {
  const { t } = useTranslation("keyImage");
  return (
    <textarea
      className={measured.name}
      aria-label={t("note")}
      defaultValue={one.note}
      maxLength={MOST_CHARACTERS}
      rows={3}
      autoFocus
      onBlur={(event) => {
        const note = event.currentTarget.value.trim();
        if (note !== one.note) onKeep(note);
        onDone();
      }}
      onKeyDown={(event) => {
        if (event.nativeEvent.isComposing) return;
        if (event.key === "Enter" && !event.shiftKey) event.currentTarget.blur();
        if (event.key === "Escape") onDone();
      }}
    />
  );
}

export function KeyImageList({ tool, onClose }: { tool: KeyImageTool; onClose: () => void }) {
  const { t } = useTranslation("keyImage");
  const { t: common } = useTranslation();
  const me = useMe().data;
  const nameOf = useKeyImageName();
  const [noting, setNoting] = useState<string | null>(null);
  return (
    <aside className={measured.panel} aria-label={t("title")}>
      <div className={measured.head}>
        <h3>{t("title")}</h3>
        <Tooltip label={common("close")}>
          <ActionIcon variant="subtle" color="gray" size="sm" aria-label={common("close")} onClick={onClose}>
            <IconX size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </div>
      {tool.all.length === 0 && <p className={measured.empty}>{t("empty", { key: KEYS.picture.keyImage })}</p>}
      <ol className={measured.list}>
        {tool.all.map((one) => (
          <li key={one.id} data-key-image={one.id}>
            <div className={classes.entry}>
              <button
                type="button"
                className={classes.card}
                aria-current={tool.marked.includes(one) || undefined}
                onClick={() => tool.show(one)}
              >
                {one.id === tool.pending ? (
                  <span className={classes.picture} />
                ) : (
                  <img src={addresses.keyImage(one.study_instance_uid, one.id, PICTURE_PX)} alt="" loading="lazy" />
                )}
                <span className={classes.about}>
                  <strong>{nameOf(one)}</strong>
                  <span className={measured.where}>{one.made_by.display_name}</span>
                  {noting !== one.id && one.note !== "" && <span>{one.note}</span>}
                </span>
              </button>
              {noting === one.id && (
                <NoteField one={one} onKeep={(note) => tool.setNote(one, note)} onDone={() => setNoting(null)} />
              )}
            </div>
            {one.made_by.id === me?.id && (
              <div className={classes.steps}>
                <ActionIcon variant="subtle" color="gray" size="sm" aria-label={t("note")} onClick={() => setNoting(one.id)}>
                  <IconPencil size={15} aria-hidden />
                </ActionIcon>
                <ActionIcon variant="subtle" color="gray" size="sm" aria-label={t("remove")} onClick={() => tool.remove(one)}>
                  <IconTrash size={15} aria-hidden />
                </ActionIcon>
              </div>
            )}
          </li>
        ))}
      </ol>
    </aside>
  );
}
