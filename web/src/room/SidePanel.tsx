import { Badge, Tabs } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { useUnread } from "../api/chatHooks";
import { usePollMs } from "../api/events";
import type { Consult, KeyImage, StudyDetail } from "../api/types";
import { Chat } from "../chat/Chat";
import { FindingsPanel } from "../findings/FindingsPanel";
import { ReportEditor } from "../reports/ReportEditor";
import { ConsultAbout } from "../history/ConsultAbout";
import { HistoryView } from "../history/HistoryView";
import type { Handover, Moderation, SessionState } from "../signaling/session";
import { LoadingState } from "../ui/states";
import { DropZone } from "../upload/DropZone";
import { HiddenAi } from "../viewer/HiddenAi";
import { useReaderFirst } from "../viewer/useReaderFirst";
import { People } from "./People";
import classes from "./room.module.css";

const TABS = ["findings", "report", "images", "people", "about", "chat"] as const;
export type RoomTab = (typeof TABS)[number];

export interface SidePanelProps {
  consult: Consult;
  study: StudyDetail | null;
  selectedFindingId: string | null;
  onSelectFinding: (id: string) => void;
  onShowKeyImage: (one: KeyImage) => void;
  room: SessionState;
  onModerate: (step: Moderation | Handover) => void;
  tab: RoomTab;
  onTab: (tab: RoomTab) => void;
}

/** Findings, report, more images, who is here, and the question: what is talked about beside the picture. */
export function SidePanel(props: SidePanelProps) {
  const { consult, study, selectedFindingId, onSelectFinding, onShowKeyImage, room, onModerate, tab, onTab } = props;
  const { t } = useTranslation("room");
  const unread = useUnread(consult.id, usePollMs());
  const { hides } = useReaderFirst(study?.study_instance_uid ?? "");
  return (
    <aside className={classes.side} aria-label={t("panel")}>
      <Tabs
        value={tab}
        onChange={(value) => onTab((value ?? "findings") as RoomTab)}
        keepMounted
        classNames={{ root: classes.tabs ?? "", panel: classes.tabPanel ?? "" }}
      >
        <Tabs.List grow>
          {TABS.map((value) => (
            <Tabs.Tab
              key={value}
              value={value}
              rightSection={
                value === "people" && room.waiting.length > 0 ? (
                  <Badge size="sm" color="amber.7" circle aria-label={t("waitingRoom.count", { count: room.waiting.length })}>
                    {room.waiting.length}
                  </Badge>
                ) : value === "chat" && unread > 0 ? (
                  <Badge size="sm" color="amber.7" circle aria-label={t("chat:unread", { count: unread })}>
                    {unread}
                  </Badge>
                ) : null
              }
            >
              {t(`tab.${value}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="findings">
          {study === null ? (
            <LoadingState />
          ) : hides ? (
            <HiddenAi studyInstanceUid={study.study_instance_uid} />
          ) : (
            <FindingsPanel
              study={study}
              findings={study.findings}
              selectedFindingId={selectedFindingId}
              onSelect={onSelectFinding}
              consultId={consult.id}
              studyLetter={consult.study_letters[study.study_instance_uid]}
            />
          )}
        </Tabs.Panel>
        {/* Kept while another tab shows: a draft and a running upload go on. */}
        <Tabs.Panel value="report" className={classes.padded ?? ""}>
          <ReportEditor
            consultId={consult.id}
            onReveal={() => onTab("report")}
            onShowFinding={(id) => {
              onTab("findings");
              onSelectFinding(id);
            }}
          />
        </Tabs.Panel>
        <Tabs.Panel value="images" className={classes.padded ?? ""}>
          <DropZone consultId={consult.id} compact />
        </Tabs.Panel>
        <Tabs.Panel value="people" className={classes.padded ?? ""}>
          <People room={room} onModerate={onModerate} />
        </Tabs.Panel>
        <Tabs.Panel value="about" className={classes.padded ?? ""}>
          <ConsultAbout consult={consult} />
          <HistoryView consult={consult} />
        </Tabs.Panel>
        <Tabs.Panel value="chat" className={classes.padded ?? ""}>
          <Chat consultId={consult.id} onShowKeyImage={onShowKeyImage} />
        </Tabs.Panel>
      </Tabs>
    </aside>
  );
}
