/** Messages that a button sends as they are; the server holds them against rights and state. */
import type {
  Admit,
  AnswerRecording,
  AskToPresent,
  AskToRecord,
  ClearMeasurements,
  Decline,
  GivePresenter,
  Mute,
  RefuseToGive,
  Remove,
  SetLock,
  SetRecording,
  TakeStill,
} from "./messages";

/** The presenter hands over, or does not to who asks. */
export type Handover = GivePresenter | RefuseToGive;
/** What who presents, or would like to, does beside. */
export type PresentingStep = AskToPresent | ClearMeasurements;
/** What moderators do. */
export type Moderation = Mute | Remove | SetLock | Admit | Decline;
/** Asking for a recording, answering, and what follows. */
export type RecordingStep = AskToRecord | AnswerRecording | SetRecording;
/** Telling everybody of a still picture; there is none before `stillTaken` comes back. */
export type StillStep = TakeStill;

export type Step = Handover | PresentingStep | Moderation | RecordingStep | StillStep;
