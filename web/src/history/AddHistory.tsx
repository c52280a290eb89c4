import { Button, Group, Stack } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useAddHistory } from "../api/historyHooks";
import type { PatientRef } from "../api/types";
import { Dialog } from "../ui/Dialog";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import { EMPTY_HISTORY, historyFaults, recordsOf } from "./draft";
import { HistoryEditor } from "./HistoryEditor";

/** More than the request said; it carries who and when. */
export function AddHistory({ consultId, patient, onClose }: { consultId: string; patient: PatientRef; onClose: () => void }) {
  const { t } = useTranslation("history");
  const say = useProblemText();
  const add = useAddHistory(consultId);
  const [draft, setDraft] = useState(EMPTY_HISTORY);
  const [tried, setTried] = useState(false);
  const records = recordsOf(draft);
  const submit = () => {
    setTried(true);
    if (historyFaults(draft).size === 0) add.mutate(records, { onSuccess: onClose });
  };
  return (
    <Dialog size="xl" onClose={onClose} title={t("addMore")}>
      <Stack>
        <HistoryEditor draft={draft} patient={patient} onChange={setDraft} showFaults={tried} />
        {add.isError && (
          <Note tone="signal" alert>
            {say(add.error)}
          </Note>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common:cancel")}
          </Button>
          <Button disabled={records.length === 0} loading={add.isPending} onClick={submit}>
            {t("give")}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
