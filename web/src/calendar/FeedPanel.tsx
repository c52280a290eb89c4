import { Button, CopyButton, Group, TextInput } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useMakeFeed, useRevokeFeed } from "../api/calendarHooks";
import { useLanguage } from "../app/i18n";
import { formatInstant } from "../ui/format";
import { Note } from "../ui/Note";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import classes from "./calendar.module.css";

/** The secret address by which another calendar follows this one. */
export function FeedPanel({ madeAt }: { madeAt: string | null }) {
  const { t } = useTranslation("calendar");
  const language = useLanguage();
  const say = useProblemText();
  const make = useMakeFeed();
  const revoke = useRevokeFeed();
  const made = madeAt !== null ? make.data : undefined;
  const address = made === undefined ? null : `${location.origin}${made.path}`;
  const error = make.error ?? revoke.error;
  return (
    <Panel title={t("feed.title")}>
      <div className={classes.stack}>
        <p className={classes.text}>{t("feed.text")}</p>
        {address !== null && (
          <Note tone="amber" title={t("feed.once")}>
            <Group gap={8} mt={6} wrap="nowrap">
              <TextInput aria-label={t("feed.address")} value={address} readOnly flex={1} />
              <CopyButton value={address}>
                {({ copied, copy }) => (
                  <Button variant="default" leftSection={copied ? <IconCheck size={16} /> : <IconCopy size={16} />} onClick={copy}>
                    {t(copied ? "feed.copied" : "feed.copy")}
                  </Button>
                )}
              </CopyButton>
            </Group>
          </Note>
        )}
        {error && (
          <Note tone="signal" alert>
            {say(error)}
          </Note>
        )}
        <Group>
          <Button variant="default" loading={make.isPending} onClick={() => make.mutate(undefined)}>
            {t(madeAt === null ? "feed.make" : "feed.makeNew")}
          </Button>
          {madeAt !== null && (
            <>
              <Button variant="light" color="signal" loading={revoke.isPending} onClick={() => revoke.mutate(undefined)}>
                {t("feed.revoke")}
              </Button>
              <span className={classes.muted}>{t("feed.madeAt", { when: formatInstant(madeAt, new Date(), language) })}</span>
            </>
          )}
        </Group>
      </div>
    </Panel>
  );
}
