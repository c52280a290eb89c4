import { IconLayoutList, IconStar, IconStarFilled } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { KEYS } from "../app/keyTable";
import { ToolButton } from "../viewer/ToolButton";
import type { KeyImageTool } from "./useKeyImageTool";

export interface KeyImageButtonsProps {
  tool: KeyImageTool;
  listShown: boolean;
  onToggleList: () => void;
}

export function KeyImageButtons({ tool, listShown, onToggleList }: KeyImageButtonsProps) {
  const { t } = useTranslation("keyImage");
  return (
    <>
      <ToolButton
        label={t("toggle")}
        shortcut={KEYS.picture.keyImage}
        icon={tool.marked.length > 0 ? IconStarFilled : IconStar}
        pressed={tool.own !== null}
        onPress={tool.toggle}
      />
      <ToolButton label={t("title")} icon={IconLayoutList} pressed={listShown} count={tool.all.length} onPress={onToggleList} />
    </>
  );
}
