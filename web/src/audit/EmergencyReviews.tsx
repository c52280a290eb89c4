import { Button, Group, Radio, SegmentedControl, Stack, Textarea } from "@mantine/core";
import { IconCircleCheck, IconCircleX, IconShieldCheck } from "@tabler/icons-react";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { useAccesses, useReviewAccess, type AccessReview, type EmergencyAccess } from "../api/emergencyHooks";
import { usePollMs } from "../api/events";
import { useMe } from "../api/hooks";
import { useLanguage } from "../app/i18n";
import { Dialog } from "../ui/Dialog";
import { formatMoment } from "../ui/format";
import { institutionName } from "../ui/institution";
import { Note } from "../ui/Note";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import { EmptyState, ErrorState, LoadingState } from "../ui/states";
import { Tag } from "../ui/Tag";
import classes from "./audit.module.css";

function ReviewDialog({ one, onClose }: { one: EmergencyAccess; onClose: () => void }) {
  const { t } = useTranslation("emergency");
  const say = useProblemText();
  const review = useReviewAccess();
  const [verdict, setVerdict] = useState<AccessReview["verdict"] | null>(null);
  const [note, setNote] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (verdict === null || note.trim() === "") return;
    review.mutate({ id: one.id, review: { verdict, note: note.trim() } }, { onSuccess: onClose });
  };
  return (
    <Dialog onClose={onClose} title={t("review.title")}>
      <form onSubmit={submit}>
        <Stack>
          <Radio.Group
            label={t("review.verdict")}
            required
            value={verdict}
            onChange={(value) => setVerdict(value === "accepted" ? "accepted" : "objected")}
          >
            <Stack gap={6} mt={6}>
              <Radio value="accepted" label={t("review.accept")} />
              <Radio value="objected" label={t("review.object")} />
            </Stack>
          </Radio.Group>
          <Textarea
            label={t("review.note")}
            required
            autosize
            minRows={2}
            maxLength={1000}
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
          />
          {review.isError && (
            <Note tone="signal" alert>
              {say(review.error)}
            </Note>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("common:cancel")}
            </Button>
            <Button type="submit" disabled={verdict === null || note.trim() === ""} loading={review.isPending}>
              {t("review.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

function Row({ one }: { one: EmergencyAccess }) {
  const { t } = useTranslation("emergency");
  const language = useLanguage();
  const me = useMe().data;
  const [isOpen, setOpen] = useState(false);
  const { review } = one;
  return (
    <li className={classes.entry}>
      <div className={`${classes.when} tabular`}>
        <time dateTime={one.opened_at}>{formatMoment(one.opened_at)}</time>
        <span className={classes.muted}>{t("review.until", { until: formatMoment(one.over_at) })}</span>
      </div>
      <div className={classes.who}>
        <div>{one.by.display_name}</div>
        <div className={classes.muted}>{institutionName(one.by.institution, language)}</div>
      </div>
      <div className={classes.what}>
        <div className={classes.deed}>
          {t("common:patientId")} {one.patient_number} · {t(`kind.${one.kind}`)}
          {review !== null && (
            <Tag
              tone={review.verdict === "accepted" ? "moss" : "signal"}
              icon={review.verdict === "accepted" ? IconCircleCheck : IconCircleX}
            >
              {t(`review.${review.verdict}`)}
            </Tag>
          )}
        </div>
        <div>{one.reason}</div>
        {review !== null && (
          <div className={classes.muted}>
            {review.by.display_name} · {formatMoment(review.at)} · {review.note}
          </div>
        )}
      </div>
      {review === null && one.by.id !== me?.id && (
        <Button size="xs" onClick={() => setOpen(true)}>
          {t("review.open")}
        </Button>
      )}
      {isOpen && <ReviewDialog one={one} onClose={() => setOpen(false)} />}
    </li>
  );
}

/** Cases that somebody without a part in them has opened: each must be looked at afterwards. */
export function EmergencyReviews() {
  const { t } = useTranslation("emergency");
  const [isReviewed, setReviewed] = useState(false);
  const found = useAccesses(isReviewed, usePollMs());
  return (
    <Panel
      flush
      title={t("review.list")}
      actions={
        <SegmentedControl
          size="xs"
          ms="auto"
          value={isReviewed ? "reviewed" : "waiting"}
          onChange={(value) => setReviewed(value === "reviewed")}
          data={[
            { value: "waiting", label: t("review.waiting") },
            { value: "reviewed", label: t("review.done") },
          ]}
        />
      }
    >
      <p className={classes.explained}>{t("review.lead")}</p>
      {found.isPending && <LoadingState rows={4} />}
      {found.isLoadingError && <ErrorState error={found.error} onRetry={() => void found.refetch()} />}
      {found.isSuccess && found.data.length === 0 && (
        <EmptyState icon={IconShieldCheck} title={t(isReviewed ? "review.noneDone" : "review.none")} />
      )}
      {found.isSuccess && found.data.length > 0 && (
        <ul className={classes.rows}>
          {found.data.map((one) => (
            <Row key={one.id} one={one} />
          ))}
        </ul>
      )}
    </Panel>
  );
}
