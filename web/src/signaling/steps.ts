/** Messages that a button sends as they are; the server holds them against rights and state. */
import type { Admit, AnswerRecording, AskToRecord, Decline, Mute, Remove, SetLock, SetRecording, TakeStill } from "./messages";

/** What moderators do. */
export type Moderation = Mute | Remove | SetLock | Admit | Decline;
/** Asking for a recording, answering, and what follows. */
export type RecordingStep = AskToRecord | AnswerRecording | SetRecording;
/** Telling everybody of a still picture; there is none before `stillTaken` comes back. */
export type StillStep = TakeStill;
