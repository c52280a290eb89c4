import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconSend } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useSendTest } from "../api/notificationHooks";
import type { Channel } from "../api/types";
import { inLanguage, useLanguage } from "../app/i18n";
import { useProblemText } from "../ui/problem";

/** Sends one at once by this channel, and says how that went. */
export function TestButton({ channel }: { channel: Channel }) {
  const { t } = useTranslation("notification");
  const language = useLanguage();
  const say = useProblemText();
  const test = useSendTest();
  const title = t(`channel.${channel}`);
  return (
    <Button
      size="compact-sm"
      variant="default"
      leftSection={<IconSend size={14} />}
      loading={test.isPending}
      aria-label={`${t("test")}: ${title}`}
      onClick={() =>
        test.mutate(channel, {
          onSuccess: ({ is_sent, sentence }) =>
            notifications.show({
              color: is_sent ? "moss" : "signal",
              title,
              message: inLanguage(sentence, language),
            }),
          onError: (error) => notifications.show({ color: "signal", title, message: say(error) }),
        })
      }
    >
      {t("test")}
    </Button>
  );
}
