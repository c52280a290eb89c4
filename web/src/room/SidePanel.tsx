import { Badge, Tabs } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { Consult, StudyDetail } from "../api/types";
import { useLanguage } from "../app/i18n";
import { FindingsPanel } from "../findings/FindingsPanel";
import { ReportEditor } from "../reports/ReportEditor";
import type { Handover, Moderation, SessionState } from "../signaling/session";
import { institutionName } from "../ui/institution";
import { LoadingState } from "../ui/states";
import { DropZone } from "../upload/DropZone";
import { HiddenAi } from "../viewer/HiddenAi";
import { useReaderFirst } from "../viewer/useReaderFirst";
import { People } from "./People";
import classes from "./room.module.css";

function About({ consult }: { consult: Consult }) {
  const { t } = useTranslation("room");
  const language = useLanguage();
  const people = [
    { label: t("about.asked"), person: consult.requested_by },
    { label: t("about.specialist"), person: consult.specialist },
  ];
  return (
    <dl className={classes.about}>
      <dt>{t("about.question")}</dt>
      <dd>{consult.question}</dd>
      {people.map(
        ({ label, person }) =>
          person !== null && (
            <div key={label}>
              <dt>{label}</dt>
              <dd>
                {person.display_name} · {institutionName(person.institution, language)}
              </dd>
            </div>
          ),
      )}
    </dl>
  );
}

const TABS = ["findings", "report", "images", "people", "about"] as const;

export interface SidePanelProps {
  consult: Consult;
  study: StudyDetail | null;
  selectedFindingId: string | null;
  onSelectFinding: (id: string) => void;
  room: SessionState;
  onModerate: (step: Moderation | Handover) => void;
}

/** Findings, report, more images, who is here, and the question: what is talked about beside the picture. */
export function SidePanel(props: SidePanelProps) {
  const { consult, study, selectedFindingId, onSelectFinding, room, onModerate } = props;
  const { t } = useTranslation("room");
  const { hides } = useReaderFirst(study?.study_instance_uid ?? "");
  const [tab, setTab] = useState<string>("findings");
  return (
    <aside className={classes.side} aria-label={t("panel")}>
      <Tabs
        value={tab}
        onChange={(value) => setTab(value ?? "findings")}
        keepMounted
        classNames={{ root: classes.tabs ?? "", panel: classes.tabPanel ?? "" }}
      >
        <Tabs.List grow>
          {TABS.map((value) => (
            <Tabs.Tab
              key={value}
              value={value}
              px={6}
              rightSection={
                value === "people" &&
                room.waiting.length > 0 && (
                  <Badge size="sm" color="amber.7" circle aria-label={t("waitingRoom.count", { count: room.waiting.length })}>
                    {room.waiting.length}
                  </Badge>
                )
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
            />
          )}
        </Tabs.Panel>
        {/* Kept while another tab shows: a draft and a running upload go on. */}
        <Tabs.Panel value="report" className={classes.padded ?? ""}>
          <ReportEditor
            consultId={consult.id}
            onShowFinding={(id) => {
              setTab("findings");
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
          <About consult={consult} />
        </Tabs.Panel>
      </Tabs>
    </aside>
  );
}
