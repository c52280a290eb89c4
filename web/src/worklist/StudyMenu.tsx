import { ActionIcon, Menu } from "@mantine/core";
import {
  IconArrowBackUp,
  IconCircleCheck,
  IconCircleDot,
  IconDots,
  IconExternalLink,
  IconStethoscope,
  IconUserCheck,
  IconUserShare,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { Me } from "../api/types";
import { useWorklistChoices, type Reading } from "../api/worklistHooks";
import { asksOthers } from "./sections";
import { useReadingSteps } from "./useReadingSteps";

export interface StudyMenuProps {
  uid: string;
  /** Whose menu it is, for those who hear the page. */
  name: string;
  reading: Reading;
  me: Me;
  /** The study is open already. */
  isOpen?: boolean;
}

/** What can be done with a study from its row: take it, give it away, mark it, ask about it. */
export function StudyMenu({ uid, name, reading, me, isOpen = false }: StudyMenuProps) {
  const { t } = useTranslation("worklist");
  const steps = useReadingSteps(uid, reading);
  const assigned = reading.assigned_to?.id ?? null;
  const others = (useWorklistChoices().data?.colleagues ?? []).filter(({ id }) => id !== me.id && id !== assigned);
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="default" size="md" aria-label={t("reading.menu", { name })}>
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {!isOpen && (
          <Menu.Item component={Link} to={`/studies/${uid}`} leftSection={<IconExternalLink size={16} />}>
            {t("open")}
          </Menu.Item>
        )}
        {asksOthers(me) && !isOpen && (
          <Menu.Item
            component={Link}
            to={`/consults/new?study=${encodeURIComponent(uid)}`}
            leftSection={<IconStethoscope size={16} />}
          >
            {t("askConsult")}
          </Menu.Item>
        )}
        {reading.is_own && (
          <>
            {assigned !== me.id && (
              <Menu.Item leftSection={<IconUserCheck size={16} />} onClick={() => steps.assign(me.id)}>
                {t("reading.take")}
              </Menu.Item>
            )}
            {assigned !== null && (
              <Menu.Item leftSection={<IconArrowBackUp size={16} />} onClick={() => steps.assign(null)}>
                {t("reading.giveBack")}
              </Menu.Item>
            )}
            {!isOpen && (
              <Menu.Item
                leftSection={reading.read_at === null ? <IconCircleCheck size={16} /> : <IconCircleDot size={16} />}
                onClick={() => steps.mark(reading.read_at === null)}
              >
                {t(reading.read_at === null ? "reading.markRead" : "reading.markUnread")}
              </Menu.Item>
            )}
            {others.length > 0 && <Menu.Label>{t("reading.giveTo")}</Menu.Label>}
            {others.map((one) => (
              <Menu.Item
                key={one.id}
                leftSection={<IconUserShare size={16} />}
                onClick={() => steps.assign(one.id)}
              >
                {one.display_name}
              </Menu.Item>
            ))}
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
