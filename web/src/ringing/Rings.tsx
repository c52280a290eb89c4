import { ActionIcon, Button } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconBellRinging, IconCheck, IconVolume, IconVolumeOff, IconX } from "@tabler/icons-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";

import { usePollMs } from "../api/events";
import { useAcceptRing, useDismissRing, useRings } from "../api/ringHooks";
import type { Ring } from "../api/types";
import { useLanguage } from "../app/i18n";
import { useKeys } from "../app/keys";
import { KEYS } from "../app/keyTable";
import { Ago } from "../ui/Ago";
import { institutionName } from "../ui/institution";
import { useProblemText } from "../ui/problem";
import { toneStyle } from "../ui/Tag";
import classes from "./ringing.module.css";
import { useRingSound } from "./useRingSound";

const ACCEPT_KEY = KEYS.anywhere.acceptRing;
const SHOWN_AT_ONCE = 3;

function useAccept(): { accept: (consultId: string) => void; isPending: boolean } {
  const { t } = useTranslation("ringing");
  const navigate = useNavigate();
  const say = useProblemText();
  const deed = useAcceptRing();
  return {
    isPending: deed.isPending,
    accept: (consultId) =>
      deed.mutate(consultId, {
        onSuccess: () => void navigate(`/consults/${consultId}`),
        onError: (error) => notifications.show({ color: "amber", title: t("accept"), message: say(error) }),
      }),
  };
}

function Card({ ring, hasKey, pending, onAccept }: { ring: Ring; hasKey: boolean; pending: boolean; onAccept: () => void }) {
  const { t } = useTranslation("ringing");
  const language = useLanguage();
  const dismiss = useDismissRing();
  const mayAccept = ring.question !== null && !ring.is_over;
  const who = `${ring.requested_by.display_name} · ${institutionName(ring.requested_by.institution, language)}`;
  const tone = ring.is_over ? "neutral" : ring.urgency === "emergency" ? "signal" : "amber";
  return (
    <li className={classes.card} style={toneStyle(tone)} data-ringing={!ring.is_over || undefined}>
      <IconBellRinging size={24} className={classes.symbol} aria-hidden />
      <div className={classes.what} role="alert">
        <div className={classes.title}>
          {t(`consult:urgency.${ring.urgency}`)} ·{" "}
          {t(`common:specialty.${ring.specialty}`, { defaultValue: ring.specialty })}
        </div>
        <div className={classes.who}>
          {/* Or the whole card would be read out again each time that it changes. */}
          {who} ·{" "}
          <span aria-live="off">
            <Ago since={ring.rang_at} />
          </span>
        </div>
        {ring.is_over ? (
          <div className={classes.outcome}>
            {ring.taken_by === null ? t("gone") : t("taken", { name: ring.taken_by.display_name })}
          </div>
        ) : (
          <div className={classes.question}>{ring.question ?? t("waits")}</div>
        )}
      </div>
      <div className={classes.actions}>
        {mayAccept && (
          <Button
            color={ring.urgency === "emergency" ? "signal" : "petrol"}
            leftSection={<IconCheck size={16} />}
            loading={pending}
            onClick={onAccept}
            rightSection={hasKey ? <kbd className={classes.key}>{ACCEPT_KEY}</kbd> : undefined}
          >
            {t("accept")}
          </Button>
        )}
        <Button
          variant="default"
          leftSection={<IconX size={16} />}
          loading={dismiss.isPending}
          onClick={() => dismiss.mutate(ring.consult_id)}
        >
          {t(mayAccept ? "notMe" : "understood")}
        </Button>
      </div>
    </li>
  );
}

/** Urgent requests that ring for the user, over whatever page is open. */
export function Rings() {
  const { t } = useTranslation("ringing");
  const rings = useRings(usePollMs()).data ?? [];
  const { accept, isPending } = useAccept();
  const [muted, setMuted] = useLocalStorage({ key: "teleconsult.ring-muted", defaultValue: false });
  const sounding = rings.some((ring) => !ring.is_over);
  useRingSound(sounding && !muted);
  const first = rings.find((ring) => !ring.is_over && ring.question !== null)?.consult_id;
  useKeys(
    useMemo(() => (first === undefined ? {} : { [ACCEPT_KEY]: () => accept(first) }), [first, accept]),
    first !== undefined,
  );
  if (rings.length === 0) return null;
  return (
    <section className={classes.rings} aria-label={t("title")}>
      <ul className={classes.cards}>
        {rings.slice(0, SHOWN_AT_ONCE).map((ring) => (
          <Card
            key={ring.consult_id}
            ring={ring}
            hasKey={ring.consult_id === first}
            pending={isPending}
            onAccept={() => accept(ring.consult_id)}
          />
        ))}
      </ul>
      <div className={classes.foot}>
        {rings.length > SHOWN_AT_ONCE && <span>{t("more", { count: rings.length - SHOWN_AT_ONCE })}</span>}
        {sounding && (
          <ActionIcon
            variant="default"
            aria-label={t(muted ? "sound" : "silence")}
            title={t(muted ? "sound" : "silence")}
            onClick={() => setMuted(!muted)}
          >
            {muted ? <IconVolumeOff size={18} /> : <IconVolume size={18} />}
          </ActionIcon>
        )}
      </div>
    </section>
  );
}
