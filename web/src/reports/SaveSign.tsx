import { IconAlertTriangle, IconCloudCheck, IconCloudOff, IconCloudUp, IconPencil, type Icon } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import type { Tone } from "../app/theme";
import { Tag } from "../ui/Tag";
import type { SaveState } from "./draft";

const LOOK: Readonly<Record<SaveState["at"], { tone: Tone; icon: Icon }>> = {
  saved: { tone: "moss", icon: IconCloudCheck },
  unsaved: { tone: "neutral", icon: IconPencil },
  saving: { tone: "neutral", icon: IconCloudUp },
  failed: { tone: "signal", icon: IconCloudOff },
  conflict: { tone: "amber", icon: IconAlertTriangle },
};

/** Says whether what is typed is safe. */
export function SaveSign({ save }: { save: SaveState }) {
  const { t } = useTranslation("report");
  const look = LOOK[save.at];
  return (
    <span role="status" data-testid="save-state" data-state={save.at}>
      <Tag tone={look.tone} icon={look.icon} plain>
        {t(`save.${save.at}`)}
      </Tag>
    </span>
  );
}
