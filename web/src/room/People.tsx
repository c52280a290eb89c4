import { Button, Group, Stack, Text } from "@mantine/core";
import { IconLock, IconLockOpen, IconMicrophoneOff, IconPlugConnectedX, IconPresentation } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import type { Handover, Moderation, SessionState } from "../signaling/session";
import { Tag } from "../ui/Tag";
import { LINE_LOOKS } from "./lineLooks";
import classes from "./room.module.css";

export interface PeopleProps {
  room: SessionState;
  onModerate: (step: Moderation | Handover) => void;
}

/** Who is here and who waits; with the buttons of a moderator for whoever moderates, and of the presenter. */
export function People({ room, onModerate }: PeopleProps) {
  const { t } = useTranslation("room");
  const { participants, waiting, selfId, presenterId, locked } = room;
  const moderates = room.rights.includes("moderate");
  return (
    <Stack gap="md">
      {waiting.length > 0 && (
        <section aria-label={t("waitingRoom.title")}>
          <Text fw={600} size="sm" role="status">
            {t("waitingRoom.count", { count: waiting.length })}
          </Text>
          <ul className={classes.people}>
            {waiting.map(({ id, displayName, role }) => (
              <li key={id} className={classes.person}>
                <span>
                  {displayName} · {t(`role.${role}`)}
                </span>
                <Group gap={6}>
                  <Button size="compact-sm" onClick={() => onModerate({ type: "admit", participantId: id })}>
                    {t("waitingRoom.admit")}
                  </Button>
                  <Button size="compact-sm" variant="default" onClick={() => onModerate({ type: "decline", participantId: id })}>
                    {t("waitingRoom.decline")}
                  </Button>
                </Group>
              </li>
            ))}
          </ul>
        </section>
      )}
      {moderates && (
        <Group gap={6}>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconMicrophoneOff size={16} aria-hidden />}
            disabled={participants.length < 2}
            onClick={() => onModerate({ type: "mute", participantId: null })}
          >
            {t("moderate.muteAll")}
          </Button>
          <Button
            size="xs"
            variant="default"
            leftSection={locked ? <IconLockOpen size={16} aria-hidden /> : <IconLock size={16} aria-hidden />}
            onClick={() => onModerate({ type: "lock", locked: !locked })}
          >
            {t(locked ? "moderate.unlock" : "moderate.lock")}
          </Button>
        </Group>
      )}
      {locked && <Text size="sm">{t("moderate.isLocked")}</Text>}
      <ul className={classes.people} aria-label={t("tab.people")}>
        {participants.map(({ id, displayName, role, moderator, audio, reconnecting, line, mayPresent }) => (
          <li key={id} className={classes.person}>
            <span>
              {id === selfId ? t("nameYou", { name: displayName }) : displayName} · {t(`role.${role}`)}
            </span>
            <Group gap={6}>
              {id === presenterId && (
                <Tag tone="petrol" icon={IconPresentation} plain>
                  {t("presenting")}
                </Tag>
              )}
              {reconnecting && (
                <Tag tone="amber" icon={IconPlugConnectedX} plain>
                  {t("connection.reconnecting")}
                </Tag>
              )}
              {line !== null && (
                <Tag {...LINE_LOOKS[line]} plain>
                  {t(`line.of.${line}`)}
                </Tag>
              )}
              {!audio && (
                <Tag tone="neutral" icon={IconMicrophoneOff} plain>
                  {t("muted")}
                </Tag>
              )}
              {presenterId === selfId && id !== selfId && mayPresent && (
                <Button
                  size="compact-sm"
                  variant="default"
                  leftSection={<IconPresentation size={14} aria-hidden />}
                  aria-label={t("handOverTo", { name: displayName })}
                  onClick={() => onModerate({ type: "givePresenter", participantId: id })}
                >
                  {t("handOver")}
                </Button>
              )}
              {moderates && id !== selfId && (
                <>
                  {audio && (
                    <Button
                      size="compact-sm"
                      variant="default"
                      aria-label={t("moderate.muteOne", { name: displayName })}
                      onClick={() => onModerate({ type: "mute", participantId: id })}
                    >
                      {t("moderate.mute")}
                    </Button>
                  )}
                  {!moderator && (
                    <Button
                      size="compact-sm"
                      variant="subtle"
                      color="signal"
                      aria-label={t("moderate.removeOne", { name: displayName })}
                      onClick={() => onModerate({ type: "remove", participantId: id })}
                    >
                      {t("moderate.remove")}
                    </Button>
                  )}
                </>
              )}
            </Group>
          </li>
        ))}
      </ul>
    </Stack>
  );
}
