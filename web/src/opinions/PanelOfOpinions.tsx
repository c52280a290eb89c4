import { Button, Group, Stack, Textarea } from "@mantine/core";
import { IconEye, IconSend } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { usePanel, usePanelStep, type PanelStep } from "../api/opinionHooks";
import type { OpinionPanel } from "../api/types";
import { Note } from "../ui/Note";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import { ErrorState, LoadingState } from "../ui/states";
import { OpinionRow } from "./OpinionRow";
import classes from "./opinions.module.css";

interface ChairProps {
  panel: OpinionPanel;
  isPending: boolean;
  onStep: (step: PanelStep) => void;
}

/** What the chair does: open the opinions, circulate the report's conclusion, sign without somebody. */
function Chair({ panel, isPending, onStep }: ChairProps) {
  const { t } = useTranslation("opinion");
  const [reason, setReason] = useState(panel.missing_reason ?? "");
  const names = panel.outstanding.map((one) => t(`common:specialty.${one}`)).join(" · ");
  return (
    <Stack gap="sm" className={classes.chair ?? ""}>
      {!panel.is_open && (
        <Group justify="space-between">
          <span className={classes.muted}>{t("panel.openHint")}</span>
          <Button variant="default" leftSection={<IconEye size={16} />} loading={isPending} onClick={() => onStep({ step: "opening" })}>
            {t("panel.open")}
          </Button>
        </Group>
      )}
      {panel.is_open && (
        <Group justify="space-between">
          <span className={classes.muted}>{t("panel.circulateHint")}</span>
          <Button leftSection={<IconSend size={16} />} loading={isPending} onClick={() => onStep({ step: "draft" })}>
            {t("panel.circulate")}
          </Button>
        </Group>
      )}
      {panel.outstanding.length > 0 && (
        <>
          <Note tone="amber" title={t("panel.outstanding", { names })}>
            {t("panel.outstandingText")}
          </Note>
          <Textarea
            label={t("panel.missingReason")}
            autosize
            minRows={1}
            maxLength={1000}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button
              variant="default"
              disabled={reason.trim() === "" || reason.trim() === panel.missing_reason}
              loading={isPending}
              onClick={() => onStep({ step: "missing-reason", reason: reason.trim() })}
            >
              {t("panel.saveReason")}
            </Button>
          </Group>
        </>
      )}
    </Stack>
  );
}

/** The opinions of a multidisciplinary consult, and the joint draft that each discipline answers. */
export function PanelOfOpinions({ consultId }: { consultId: string }) {
  const { t } = useTranslation("opinion");
  const query = usePanel(consultId);
  const say = useProblemText();
  const step = usePanelStep(consultId, query.data?.version ?? 0);
  const panel = query.data;
  return (
    <Panel flush title={t("panel.title")}>
      {query.isPending && <LoadingState rows={5} />}
      {query.isError && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {panel !== undefined && (
        <>
          {step.isError && (
            <Note tone="signal" alert>
              {say(step.error)}
            </Note>
          )}
          {panel.joint_draft !== null && (
            <div className={classes.joint}>
              <div className={classes.label}>{t("panel.jointDraft")}</div>
              <p className={classes.text}>{panel.joint_draft}</p>
            </div>
          )}
          <ul className={classes.opinions}>
            {panel.opinions.map((opinion) => (
              <OpinionRow
                key={opinion.specialty}
                opinion={opinion}
                panel={panel}
                isPending={step.isPending}
                onStep={step.mutate}
              />
            ))}
          </ul>
          {panel.is_chair && panel.may_give && <Chair panel={panel} isPending={step.isPending} onStep={step.mutate} />}
          {panel.missing_reason !== null && !(panel.is_chair && panel.may_give) && (
            <p className={classes.joint}>{t("panel.missingSaid", { reason: panel.missing_reason })}</p>
          )}
        </>
      )}
    </Panel>
  );
}
