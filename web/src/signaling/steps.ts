/** Messages that a button sends as they are; the server holds them against rights and state. */
import type { Admit, AnswerRecording, AskToRecord, Decline, GivePresenter, Mute, Remove, SetLock, SetRecording, TakeStill } from "./messages";

/** The presenter hands over. */
export type Handover = GivePresenter;
/** What moderators do. */
export type Moderation = Mute | Remove | SetLock | Admit | Decline;
/** Asking for a recording, answering, and what follows. */
export type RecordingStep = AskToRecord | AnswerRecording | SetRecording;
/** Telling everybody of a still picture; there is none before `stillTaken` comes back. */
export type StillStep = TakeStill;

export type Step = Handover | Moderation | RecordingStep | StillStep;
