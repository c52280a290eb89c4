/** The room itself: the picture first, the faces small, everything that is decided beside it. */
import { Loader } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconPhotoOff } from "@tabler/icons-react";
import { lazy, Suspense, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";

import { usePollMs } from "../api/events";
import { fetchJoinTicket, fetchRelayUrl, useConsultEvent, useMe, useStudy } from "../api/hooks";
import type { Consult } from "../api/types";
import { useLanguage } from "../app/i18n";
import { useKeys } from "../app/keys";
import { PATIENT_KEY } from "../history/patientKey";
import { wantedKeyImage } from "../keyImages/wanted";
import { screenOf } from "../signaling/reducer";
import { Note } from "../ui/Note";
import { EmptyState, ErrorState } from "../ui/states";
import { ViewerLayout } from "../viewer/lazyViewer";
import type { NamedPointer } from "../viewer/PointerMarks";
import type { ChangeCause } from "../viewer/stackSnapshot";
import type { ViewerState } from "../viewer/viewerState";
import { colourOf } from "./colours";
import { EndDialog } from "./EndDialog";
import { Faces } from "./Faces";
import { isSending, type LocalMedia } from "./localMedia";
import { lookOf, presenterPlace, presentingWay, studyOnScreen } from "./look";
import { PresentingAsked } from "./PresentingAsked";
import { RecordingDialog } from "./RecordingDialog";
import { consentText } from "./recordingConsent";
import { RoomBanner } from "./RoomBanner";
import { RoomHeader } from "./RoomHeader";
import { RoomToolbar } from "./RoomToolbar";
import { canShareScreen } from "./screenShare";
import { SharedScreen } from "./SharedScreen";
import { SidePanel, type RoomTab } from "./SidePanel";
import classes from "./room.module.css";
import { StillDialog } from "./StillDialog";
import { stillChoices } from "./stillChoices";
import { useArrivals } from "./useArrivals";
import { useFaces } from "./useFaces";
import { useImageShare, useStillPictures } from "./useLine";
import { useCallReport } from "./useCallReport";
import { useRecordingNews } from "./useRecordingNews";
import { useRemoteSound } from "./useRemoteSound";
import { useRoomSession } from "./useRoomSession";
import { useScreenShare } from "./useScreenShare";
import { useStillNews } from "./useStillNews";
import { useTiles } from "./useTiles";
import { VideoTile } from "./VideoTile";
import { WaitingRoom } from "./WaitingRoom";

const SharedMeasurements = lazy(async () => ({ default: (await import("./SharedMeasurements")).SharedMeasurements }));

/** Where the panel would leave too little of the picture, as in room.module.css. */
const SMALL_SCREEN = "(max-width: 900px), (max-height: 520px)";

export interface ConsultRoomProps {
  consult: Consult;
  media: LocalMedia;
}

export function ConsultRoom({ consult, media }: ConsultRoomProps) {
  const { t } = useTranslation("room");
  const navigate = useNavigate();
  const me = useMe().data;
  const language = useLanguage();
  const local = useSyncExternalStore(media.state.subscribe, media.state.get);
  const audio = isSending(local, "audio");
  const video = isSending(local, "video");
  const sending = { stream: local.stream, audio, video };
  const onMuted = () => {
    void media.setWanted("audio", false);
    notifications.show({ message: t("mutedByModerator"), position: "top-center" });
  };
  const door = useMemo(
    () => ({ fetchTicket: () => fetchJoinTicket(consult.id), fetchRelayUrl: () => fetchRelayUrl(consult.id) }),
    [consult.id],
  );
  const { session, state, error: joinError, retry } = useRoomSession(door, sending, onMuted);
  useCallReport(consult.id, session);
  const screen = useScreenShare(session, state.error);
  const { selfId, presenterId, viewer: shared, participants } = state;
  const still = useStillPictures(session);
  const sound = useRemoteSound(participants, selfId, local.output.deviceId);
  const event = useConsultEvent(consult.id);
  const [endOpened, end] = useDisclosure(false);
  const [panelShown, panel] = useDisclosure(!matchMedia(SMALL_SCREEN).matches);
  const [tab, setTab] = useState<RoomTab>("findings");
  const [stillOpened, stillDialog] = useDisclosure(false);
  const [aimedAt, setAimedAt] = useState<string | null>(null);
  const [isAway, setAway] = useState(false);
  const [pointing, setPointing] = useState(true);
  const [chosenStudy, setChosenStudy] = useState<string | null>(null);
  const [chosenFinding, setChosenFinding] = useState<string | null>(null);
  const [hasLed, setLed] = useState(false);
  const [sent, setSent] = useState<ViewerState | null>(null);
  /** What the user's own steps led to, and what is to be shown once the room has made them its presenter. */
  const last = useRef<ViewerState | null>(null);
  const taken = useRef<ViewerState | null>(null);

  const look = lookOf({ selfId, presenterId, isAway });
  const studyUids = consult.studies.map((study) => study.study_instance_uid);
  const studyUid = studyOnScreen(look, shared, chosenStudy, studyUids);
  const study = useStudy(studyUid ?? undefined, usePollMs());
  const selectedFinding = look === "following" && shared !== null ? shared.findingId : chosenFinding;
  // A presenter who comes back finds the picture as it was left; from the first own step on it is theirs.
  const isShown = look === "following" || (look === "presenting" && !hasLed);
  const sharedState = isShown && shared !== sent ? shared : null;

  // The room hears the picture of whoever has just become its presenter, unless it still shows one.
  const isConnected = state.status === "connected";
  const isFirst = shared === null;
  useEffect(() => {
    if (look !== "presenting" || !isConnected) return;
    const opening = taken.current ?? (isFirst ? last.current : null);
    taken.current = null;
    if (opening !== null) session?.sendViewer(opening);
  }, [session, look, isConnected, isFirst]);

  /** A follower who goes their own way looks away, or leads where nobody presents. */
  const goOwnWay = () => {
    if (look !== "following") return;
    setChosenStudy(studyUid);
    if (presenterId === null && isConnected) {
      setLed(true);
      session?.takePresenter();
    } else if (presenterId !== null || shared !== null) setAway(true);
  };
  const show = (next: ViewerState) => {
    setLed(true);
    // Whoever presents is shown nothing that they sent.
    if (look !== "presenting") setSent(next);
    session?.sendViewer(next);
  };
  const onViewerChange = (next: ViewerState, cause: ChangeCause) => {
    last.current = next;
    if (look === "presenting") show(next);
    else if (cause === "user" && look === "following" && presenterId === null && isConnected) show(next);
    else if (cause === "user") goOwnWay();
  };
  const showStudy = (uid: string) => {
    goOwnWay();
    setChosenStudy(uid);
    setChosenFinding(null);
  };
  const selectFinding = (id: string) => {
    goOwnWay();
    setChosenFinding(id);
  };
  const way = presentingWay(state);
  const present = () => {
    if (way === "ask" || way === "asked") {
      session?.step({ type: "askToPresent", asks: way === "ask" });
      return;
    }
    taken.current = look === "free" ? last.current : (shared ?? last.current);
    setChosenStudy(studyUid);
    setChosenFinding(selectedFinding);
    setAway(false);
    setLed(true);
    session?.takePresenter();
  };
  const togglePatient = () => {
    if (panelShown && tab === "about") panel.close();
    else {
      setTab("about");
      panel.open();
    }
  };
  useKeys({ [PATIENT_KEY]: togglePatient });
  useRecordingNews(state.recording);
  useStillNews(state);
  useArrivals(consult.studies, studyUid, showStudy);

  const ids = useMemo(() => participants.map(({ id }) => id), [participants]);
  const pointers = useMemo(
    (): NamedPointer[] =>
      Object.entries(state.pointers)
        .filter(([id]) => id !== selfId)
        .map(([id, pointer]) => ({
          participantId: id,
          name: participants.find((each) => each.id === id)?.displayName ?? "",
          colour: colourOf(id, ids),
          pointer,
        })),
    [state.pointers, participants, ids, selfId],
  );
  const isConsented = consult.consent !== null;
  const mayRecord = isConnected && isConsented && state.rights.includes("record") && state.recording.status === "off";
  const others = participants.filter(({ id }) => id !== selfId);
  const { speakerId } = state;
  const faces = useFaces({ others, selfId, speakerId, presenterId, share: useImageShare(session) });
  const tileOf = useTiles(session, faces.shown, still, speakerId);
  const pictures = stillChoices(local.stream, video ? selfId : null, others, faces.shown);
  const sharer = others.find(({ screenStream }) => screenStream !== null);
  const presenterName = participants.find(({ id }) => id === presenterId)?.displayName ?? null;

  if (state.status === "waiting") return <WaitingRoom consult={consult} />;
  return (
    <div className={classes.room} data-panel={panelShown || undefined} data-status={state.status} data-look={look}>
      <RoomHeader consult={consult} session={session} room={state} studyInstanceUid={studyUid} onStudy={showStudy} />
      <RoomBanner session={session} video={video} state={state} joinError={joinError} onRetry={retry} sound={sound} screen={screen}>
        <PresentingAsked state={state} onStep={(step) => session?.step(step)} />
        {!isConsented && (
          <Note tone="signal" alert>
            {t("consentWithdrawn")}
          </Note>
        )}
      </RoomBanner>
      <main className={classes.stage}>
        {study.isLoadingError && <ErrorState error={study.error} onRetry={() => void study.refetch()} />}
        {studyUid === null && <EmptyState icon={IconPhotoOff} title={t("noStudy.title")} text={t("noStudy.text")} />}
        {study.data && (
          <Suspense fallback={<Loader size="sm" m="md" />}>
            <SharedMeasurements session={session} state={state} studyUids={studyUids} />
            <ViewerLayout
              study={study.data}
              seriesInstanceUid={null}
              findings={study.data.findings}
              selectedFindingId={selectedFinding}
              onSelectFinding={selectFinding}
              sharedState={sharedState?.studyInstanceUid === studyUid ? sharedState : null}
              followed={look === "following" && presenterId !== null ? (session?.viewer ?? null) : null}
              onViewerChange={onViewerChange}
              pointers={pointers}
              onPointer={(pointer) => {
                if (pointing) session?.sendPointer(pointer);
              }}
            />
          </Suspense>
        )}
        {sharer?.screenStream && (
          <SharedScreen
            key={sharer.id}
            name={sharer.displayName}
            stream={sharer.screenStream}
            isStill={sharer.line === "poor" && still.includes(screenOf(sharer.id))}
          />
        )}
        <Faces count={others.length + 1} hasLarge={faces.hasLarge} onLarge={faces.toggleLarge}>
          {others.map((each) => (
            <VideoTile
              key={each.id}
              {...tileOf(each)}
              isAimedAt={each.id === aimedAt}
              isPresenter={each.id === presenterId}
              isLarge={each.id === faces.largeId}
              keeping={faces.hasLarge ? { isKept: each.id === faces.keptId, toggle: () => faces.keep(each.id) } : null}
              colour={colourOf(each.id, ids)}
            />
          ))}
          <VideoTile
            participantId={selfId ?? "self"}
            name={me?.display_name ?? ""}
            duty=""
            isReconnecting={false}
            line={null}
            stream={local.stream}
            hasVideo={video}
            hasAudio={audio}
            isStill={false}
            isSelf
            isPresenter={look === "presenting"}
            spokeLast={selfId !== null && selfId === speakerId && audio}
            isLarge={false}
            isLeftOut={false}
            keeping={null}
            colour={selfId === null ? "transparent" : colourOf(selfId, ids)}
          />
          {others.length === 0 && isConnected && <p className={classes.alone}>{t("alone")}</p>}
        </Faces>
      </main>
      {panelShown && (
        <SidePanel
          consult={consult}
          study={study.data ?? null}
          selectedFindingId={selectedFinding}
          onSelectFinding={selectFinding}
          onShowKeyImage={(one) => {
            if (one.study_instance_uid !== studyUid) showStudy(one.study_instance_uid);
            wantedKeyImage.set(one);
          }}
          room={state}
          onModerate={(step) => session?.step(step)}
          tab={tab}
          onTab={setTab}
        />
      )}
      <RoomToolbar
        audio={audio}
        video={video}
        media={media}
        onAudio={() => void media.setWanted("audio", !audio)}
        onVideo={() => void media.setWanted("video", !video)}
        look={look}
        presenterName={presenterName}
        presenterPlace={look === "free" && presenterId !== null ? presenterPlace(shared, study.data ?? null) : null}
        way={isConnected ? way : null}
        presenterTool={look === "following" && presenterId !== null ? (shared?.tool ?? null) : null}
        maySend={!isConnected || state.rights.includes("send-media")}
        mayPoint={!isConnected || state.rights.includes("point")}
        screen={screen}
        mayShareScreen={isConnected && state.rights.includes("share-screen") && canShareScreen()}
        sharer={sharer?.displayName ?? null}
        waitingCount={state.waiting.length}
        onRecord={mayRecord ? () => session?.step({ type: "askToRecord", consentText: consentText(language) }) : null}
        onStill={isConnected && state.rights.includes("take-stills") ? stillDialog.open : null}
        hasPictures={pictures.length > 0}
        onPresent={present}
        onReturn={() => setAway(false)}
        pointing={pointing}
        onPointing={() => {
          if (pointing) session?.sendPointer(null);
          setPointing(!pointing);
        }}
        panelShown={panelShown}
        onPanel={panel.toggle}
        onLeave={() => void navigate(`/consults/${consult.id}`)}
        onEnd={consult.possible_events.includes("end") ? end.open : null}
      />
      {stillOpened && (
        <StillDialog
          consultId={consult.id}
          choices={pictures}
          session={session}
          room={state}
          onAim={setAimedAt}
          onClose={stillDialog.close}
        />
      )}
      <RecordingDialog room={state} onStep={(step) => session?.step(step)} />
      <EndDialog
        opened={endOpened}
        isPending={event.isPending}
        onClose={end.close}
        onEnd={() =>
          event.mutate(
            { event: "end", version: consult.version },
            { onSuccess: () => void navigate(`/consults/${consult.id}`) },
          )
        }
      />
    </div>
  );
}
