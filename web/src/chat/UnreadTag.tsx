import { IconMessage } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { Tag } from "../ui/Tag";

/** How many messages of others somebody has not seen. */
export function UnreadTag({ count }: { count: number }) {
  const { t } = useTranslation("chat");
  return (
    <Tag tone="amber" icon={IconMessage}>
      {t("unread", { count })}
    </Tag>
  );
}
