import { Button, Checkbox, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconFileSearch, IconLock, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { MOST_HOLD_REASON, useHoldSubjects, usePlaceHolds, type HoldSubject } from "../api/holdHooks";
import { Panel } from "../ui/Panel";
import { EmptyState, ErrorState, LoadingState } from "../ui/states";
import { Tag } from "../ui/Tag";
import { HoldSubjectLine } from "./HoldSubjectLine";
import { ReasonModal } from "./ReasonModal";
import classes from "./manage.module.css";

/** Find what is to be kept, choose of it, and say why. */
export function PlaceHolds() {
  const { t } = useTranslation("manage");
  const [text, setText] = useState("");
  const [wanted] = useDebouncedValue(text.trim(), 400);
  const found = useHoldSubjects(wanted);
  const place = usePlaceHolds();
  const [chosen, setChosen] = useState<readonly HoldSubject[]>([]);
  const [asking, setAsking] = useState(false);
  const isChosen = (one: HoldSubject) => chosen.some(({ subject }) => subject === one.subject);
  const choose = (one: HoldSubject, chosenNow: boolean) =>
    setChosen([...chosen.filter(({ subject }) => subject !== one.subject), ...(chosenNow ? [one] : [])]);
  const close = () => {
    setAsking(false);
    place.reset();
  };
  const done = () => {
    close();
    setChosen([]);
    setText("");
  };
  const listed = wanted === "" ? [] : (found.data ?? []);
  const hidden = chosen.filter((one) => !listed.some(({ subject }) => subject === one.subject));
  return (
    <Panel
      flush
      title={t("holds.placeTitle")}
      actions={
        <Button
          size="xs"
          leftSection={<IconLock size={14} />}
          disabled={chosen.length === 0}
          onClick={() => setAsking(true)}
        >
          {t("holds.place", { count: chosen.length })}
        </Button>
      }
    >
      <div className={classes.search}>
        <TextInput
          label={t("holds.search")}
          description={t("holds.searchHint")}
          leftSection={<IconSearch size={16} />}
          maxLength={200}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      </div>
      {wanted !== "" && found.isPending && <LoadingState rows={3} />}
      {wanted !== "" && found.isError && (
        <ErrorState error={found.error} onRetry={() => void found.refetch()} />
      )}
      {wanted !== "" && found.isSuccess && listed.length === 0 && (
        <EmptyState icon={IconFileSearch} title={t("holds.nothing")} />
      )}
      {hidden.length + listed.length > 0 && (
        <ul className={classes.rows}>
          {[...hidden, ...listed].map((one) => (
            <li key={one.subject} className={classes.row}>
              <Checkbox
                className={classes.what}
                checked={isChosen(one)}
                onChange={(event) => choose(one, event.currentTarget.checked)}
                label={<HoldSubjectLine subject={one} />}
              />
              {one.holds > 0 && (
                <Tag plain tone="amber" icon={IconLock}>
                  {t("holds.onHold", { count: one.holds })}
                </Tag>
              )}
            </li>
          ))}
        </ul>
      )}
      {asking && (
        <ReasonModal
          title={t("holds.confirmTitle", { count: chosen.length })}
          text={t("holds.confirmText")}
          action={t("holds.place", { count: chosen.length })}
          most={MOST_HOLD_REASON}
          pending={place.isPending}
          error={place.error}
          onClose={close}
          onConfirm={(reason) =>
            place.mutate({ subjects: chosen.map(({ subject }) => subject), reason }, { onSuccess: done })
          }
        >
          <ul className={classes.chosen}>
            {chosen.map((one) => (
              <li key={one.subject}>
                <HoldSubjectLine subject={one} />
              </li>
            ))}
          </ul>
        </ReasonModal>
      )}
    </Panel>
  );
}
