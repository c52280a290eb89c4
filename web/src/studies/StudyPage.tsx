import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconSnowflake } from "@tabler/icons-react";
import { Suspense, useDeferredValue, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";

import { POLL_WITHOUT_EVENTS_MS, useEventsOpen } from "../api/events";
import { useKeyImages } from "../api/keyImageHooks";
import { useMe, useStudy } from "../api/hooks";
import type { StudyDetail } from "../api/types";
import { useKeys } from "../app/keys";
import { KEYS } from "../app/keyTable";
import { EmergencyOffer } from "../emergency/EmergencyOffer";
import { FindingsPanel } from "../findings/FindingsPanel";
import { PatientTab, useConsultOf } from "../history/PatientTab";
import { KEY_IMAGE_PARAM, wantedKeyImage } from "../keyImages/wanted";
import { SIGN_PARAM } from "../reports/useSignKey";
import { EmptyState, ErrorState, LoadingState } from "../ui/states";
import { ViewerAhead } from "../viewer/FirstPicture";
import { HiddenAi } from "../viewer/HiddenAi";
import { ViewerLayout } from "../viewer/lazyViewer";
import { takeAway } from "../viewer/pictureAhead";
import { useReaderFirst, useSeenStudy } from "../viewer/useReaderFirst";
import { ReadingBar } from "../worklist/ReadingBar";
import { asksOthers } from "../worklist/sections";
import { hangs, openingImage, openingSeries } from "./openingSeries";
import { SeriesList } from "./SeriesList";
import { StudyBanner } from "./StudyBanner";
import classes from "./studyPage.module.css";

function Study({ study: whole }: { study: StudyDetail }) {
  const study = useSeenStudy(whole);
  const { t } = useTranslation("study");
  const { hides } = useReaderFirst(study.study_instance_uid);
  const me = useMe().data;
  const navigate = useNavigate();
  const consult = useConsultOf(study.study_instance_uid);
  const [search, setSearch] = useSearchParams();
  // A link can lead to a finding: ?finding=ID.
  const linked = study.findings.find(({ id }) => id === search.get("finding"));
  const [chosenSeries, setChosenSeries] = useState<string | null>(linked?.series_instance_uid ?? null);
  const [selectedFinding, setSelectedFinding] = useState<string | null>(linked?.id ?? null);
  const seriesUid = chosenSeries ?? openingSeries(study);
  const isOpening = chosenSeries === (linked?.series_instance_uid ?? null) && !hangs(study);
  // Or to a key image: ?key-image=ID.
  const keyImages = useKeyImages(study.study_instance_uid, false).data;
  const linkedKeyImage = keyImages?.find(({ id }) => id === search.get(KEY_IMAGE_PARAM))?.id ?? null;
  useEffect(() => {
    const one = keyImages?.find(({ id }) => id === linkedKeyImage);
    if (one === undefined) return;
    wantedKeyImage.set(one);
    setSearch((now) => {
      now.delete(KEY_IMAGE_PARAM);
      return now;
    }, { replace: true });
  }, [keyImages, linkedKeyImage, setSearch]);
  // What stands around the picture is drawn where it does not keep the picture waiting.
  const isSurrounded = useDeferredValue(true, false);

  useKeys({
    [KEYS.findings.sign]: () => {
      if (consult === null) notifications.show({ color: "amber", message: t("report:sign.noConsult") });
      else void navigate(`/consults/${consult.id}?${SIGN_PARAM}`);
    },
  });

  const selectFinding = (id: string) => {
    setSelectedFinding(id);
    const finding = study.findings.find((one) => one.id === id);
    if (finding !== undefined) setChosenSeries(finding.series_instance_uid);
  };
  return (
    <div className={classes.page}>
      <div className={classes.bannerArea}>
        <StudyBanner study={study} mayAskConsult={me ? asksOthers(me) : false} />
        <ReadingBar study={study} />
      </div>
      <aside className={`${classes.side} ${classes.sideSeries}`} aria-label={t("series")}>
        <h2 className={classes.sideTitle}>{t("series")}</h2>
        {isSurrounded && (
          <SeriesList
            study={study}
            series={study.series}
            findings={study.findings}
            selectedUid={seriesUid}
            onSelect={setChosenSeries}
          />
        )}
      </aside>
      <section className={classes.viewer} aria-label={t("viewer")}>
        {seriesUid !== null && (
          <Suspense fallback={<ViewerAhead address={isOpening ? openingImage(study, linked?.id ?? null) : null} />}>
            <ViewerLayout
              study={study}
              seriesInstanceUid={seriesUid}
              onOpenSeries={setChosenSeries}
              findings={study.findings}
              selectedFindingId={selectedFinding}
              onSelectFinding={selectFinding}
            />
          </Suspense>
        )}
      </section>
      <aside className={`${classes.side} ${classes.sideFindings}`}>
        <h2 className={classes.sideTitle}>{t("findings")}</h2>
        <div className={classes.sideBody}>
          {isSurrounded && (
            <PatientTab studyInstanceUid={study.study_instance_uid}>
              {hides ? (
                <HiddenAi studyInstanceUid={study.study_instance_uid} />
              ) : (
                <FindingsPanel
                  study={study}
                  findings={study.findings}
                  selectedFindingId={selectedFinding}
                  onSelect={selectFinding}
                  studyLetter={consult?.study_letters[study.study_instance_uid]}
                />
              )}
            </PatientTab>
          )}
        </div>
      </aside>
    </div>
  );
}

export function StudyPage() {
  const { t } = useTranslation();
  const { studyInstanceUid } = useParams();
  const eventsOpen = useEventsOpen();
  const study = useStudy(studyInstanceUid, eventsOpen ? false : POLL_WITHOUT_EVENTS_MS);
  useEffect(() => takeAway, []);
  if (study.isPending) return <LoadingState rows={6} />;
  if (study.isLoadingError) {
    return (
      <>
        <ErrorState error={study.error} onRetry={() => void study.refetch()} />
        <EmergencyOffer error={study.error} named={{ study_instance_uid: studyInstanceUid ?? "" }} />
        <Button component={Link} to="/" variant="default" display="block" mx="auto" w="fit-content">
          {t("home")}
        </Button>
      </>
    );
  }
  if (study.data.tier !== "archive") {
    return <EmptyState icon={IconSnowflake} title={t("manage:tier.warming")} text={t("manage:tier.warmingText")} />;
  }
  return <Study key={study.data.study_instance_uid} study={study.data} />;
}
