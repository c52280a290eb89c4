import { Button } from "@mantine/core";
import { IconFiles, IconFolderOpen, IconFolderUp } from "@tabler/icons-react";
import { useRef, useState, type ChangeEvent, type DragEvent } from "react";
import { useTranslation } from "react-i18next";

import classes from "./upload.module.css";
import { droppedFiles, droppedHandles, pickedFiles, type DroppedFile } from "./walk";

export interface DropTargetProps {
  compact: boolean;
  onFiles: (files: DroppedFile[], handles: FileSystemHandle[]) => void;
}

/** Takes a folder, a zip or files, by dropping or by two pickers: no browser offers one picker for both. */
export function DropTarget({ compact, onFiles }: DropTargetProps) {
  const { t } = useTranslation("upload");
  const filesInput = useRef<HTMLInputElement>(null);
  const folderInput = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);

  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    // Both must be asked for before the first await.
    const [files, handles] = [droppedFiles(event.dataTransfer), droppedHandles(event.dataTransfer)];
    void Promise.all([files, handles]).then(([found, kept]) => onFiles(found, kept));
  };
  const pick = (event: ChangeEvent<HTMLInputElement>) => {
    if (event.currentTarget.files !== null) onFiles(pickedFiles(event.currentTarget.files), []);
    // The same folder chosen again must be an event again.
    event.currentTarget.value = "";
  };
  return (
    <div
      className={classes.target}
      data-over={over || undefined}
      data-compact={compact || undefined}
      data-testid="drop-target"
      role="group"
      aria-label={t("drop.title")}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      {!compact && <IconFolderUp size={40} stroke={1.3} className={classes.targetIcon} aria-hidden />}
      <div className={classes.targetTitle}>{t(compact ? "drop.more" : "drop.title")}</div>
      {!compact && <div className={classes.targetText}>{t("drop.text")}</div>}
      <div className={classes.buttons}>
        <Button
          size={compact ? "xs" : "sm"}
          leftSection={<IconFolderOpen size={16} />}
          onClick={() => folderInput.current?.click()}
        >
          {t("drop.folder")}
        </Button>
        <Button
          size={compact ? "xs" : "sm"}
          variant="default"
          leftSection={<IconFiles size={16} />}
          onClick={() => filesInput.current?.click()}
        >
          {t("drop.files")}
        </Button>
      </div>
      <input
        ref={folderInput}
        className={classes.hidden}
        type="file"
        multiple
        aria-label={t("drop.folder")}
        tabIndex={-1}
        onChange={pick}
        {...{ webkitdirectory: "" }}
      />
      <input
        ref={filesInput}
        className={classes.hidden}
        type="file"
        multiple
        aria-label={t("drop.files")}
        tabIndex={-1}
        onChange={pick}
      />
    </div>
  );
}
