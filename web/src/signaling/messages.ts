// Made by `python -m signaling.messages`. Do not edit: change signaling/messages.py.

export interface Admit {
  type: "admit";
  participantId: string;
}

/** A no ends the recording, also from who agreed before. */
export interface AnswerRecording {
  type: "answerRecording";
  agrees: boolean;
  consentText: string;
}

/** Ask the presenter to hand over, or no longer; where nobody presents, whoever asks does. */
export interface AskToPresent {
  type: "askToPresent";
  asks: boolean;
}

/**
 * Ask everybody for their consent; who asks agrees.
 *
 * `consent_text`: version and language of the words on the screen.
 */
export interface AskToRecord {
  type: "askToRecord";
  consentText: string;
}

/** Somebody asks to present, or no longer does; `refused`: the presenter said no. */
export interface AskingChanged {
  type: "askingToPresent";
  participantId: string;
  asks: boolean;
  refused: boolean;
}

/**
 * What is in the middle of every pane, in the breast's own directions.
 *
 * `zoom` 1 is the scale at which all images fit. `depth_mm` goes from the chest wall's edge of the image to
 * the nipple, null where that edge lies on the pane's inner edge; `down_mm` from the middle of it downwards.
 */
export interface BreastView {
  zoom: number;
  depthMm: number | null;
  downMm: number;
}

/** Both ways. RTCIceCandidateInit (RFC 8839 section 5.1); an empty candidate ends gathering. */
export interface CandidateMessage {
  type: "candidate";
  connection: Connection;
  candidate: string;
  sdpMid: string | null;
  sdpMLineIndex: number | null;
}

/** Everybody's, by the presenter. */
export interface ClearMeasurements {
  type: "clearMeasurements";
}

/** Which of a client's two peer connections: what it sends, or what it receives. */
export type Connection = "send" | "receive";

export interface Decline {
  type: "decline";
  participantId: string;
}

/** Both ways. The client offers on `send`, the server on `receive`; the other one answers. */
export interface DescriptionMessage {
  type: "description";
  connection: Connection;
  description: SessionDescription;
}

/** Why the server refused or ended something; the front end has a sentence for each. */
export type ErrorCode = "bad-message" | "bad-token" | "expired-token" | "join-timeout" | "already-joined" | "room-full" | "room-locked" | "room-over" | "replaced" | "removed" | "declined" | "cannot-resume" | "flooded" | "not-presenter" | "not-allowed" | "not-now" | "nothing-shown" | "not-asked" | "too-many-measurements" | "screen-taken" | "media-failed" | "too-slow" | "server-closing";

export interface ErrorMessage {
  type: "error";
  code: ErrorCode;
}

/** The presenter hands over to somebody who may present. */
export interface GivePresenter {
  type: "givePresenter";
  participantId: string;
}

/** The layout "mammography": which of the four views are shown, and how they lie. */
export interface Hanging {
  shown: "all" | "CC" | "MLO" | "R-CC" | "L-CC" | "R-MLO" | "L-MLO";
  view: BreastView | null;
  priorStudyInstanceUid: string | null;
}

/** RTCIceServer: a TURN server, with credentials of this participant's own, good for some hours. */
export interface IceServer {
  urls: string[];
  username: string;
  credential: string;
}

/** `measured` is null until enough of it is drawn. What is not final is being drawn, and is not kept. */
export interface ImageMeasurement {
  id: string;
  studyInstanceUid: string;
  sopInstanceUid: string;
  frame: number;
  kind: "length" | "bidirectional" | "angle" | "ellipse" | "probe" | "arrow";
  points: ImagePoint[];
  label: string;
  measured: MeasuredLength | MeasuredAxes | MeasuredAngle | MeasuredEllipse | MeasuredPixel | MarkedPlace | null;
  final: boolean;
}

/** x is the column, y the row, in pixels of the stored image, zero-based. */
export interface ImagePoint {
  x: number;
  y: number;
}

/** The first message of a connection; the token is a `join_token.JoinGrant` that the app signed. */
export interface Join {
  type: "join";
  token: string;
}

export interface Joined {
  type: "joined";
  participant: Participant;
}

export interface Left {
  type: "left";
  participantId: string;
}

export interface LineChanged {
  type: "line";
  participantId: string;
  word: LineWord;
}

/** How somebody's line is, in one word. */
export type LineWord = "good" | "fair" | "poor";

export interface LockChanged {
  type: "lock";
  locked: boolean;
}

export interface MarkedPlace {
  kind: "arrow";
}

export interface MeasuredAngle {
  kind: "angle";
  degrees: number;
}

export interface MeasuredAxes {
  kind: "bidirectional";
  long: number;
  short: number;
  basis: "pixel-spacing" | "imager-pixel-spacing" | "uncalibrated";
}

export interface MeasuredEllipse {
  kind: "ellipse";
  area: number;
  basis: "pixel-spacing" | "imager-pixel-spacing" | "uncalibrated";
  statistics: PixelStatistics | null;
  unit: string | null;
}

export interface MeasuredLength {
  kind: "length";
  length: number;
  basis: "pixel-spacing" | "imager-pixel-spacing" | "uncalibrated";
}

export interface MeasuredPixel {
  kind: "probe";
  column: number;
  row: number;
  value: number | null;
  unit: string | null;
}

/** Told to its owner too: what the room has is what all have. */
export interface MeasurementChanged {
  type: "measurement";
  shared: SharedMeasurement;
}

/** By their owner, or all of them by the presenter. */
export interface MeasurementsRemoved {
  type: "measurementsRemoved";
  participantId: string;
  ids: string[];
}

export interface MediaChanged {
  type: "media";
  participantId: string;
  audio: boolean;
  video: boolean;
  screen: boolean;
}

/**
 * Three planes that meet in the crosshair; `centre` stands in the middle of each picture.
 *
 * `plane` is the one that is looked at: where there is room for one, it is shown.
 */
export interface MprState {
  crosshair: PlaceLps;
  centre: PlaceLps;
  plane: "axial" | "coronal" | "sagittal";
  slabs: Slabs;
}

/** A moderator asks this one, or everybody else, to be silent; to speak again is up to each of them. */
export interface Mute {
  type: "mute";
  participantId: string | null;
}

/** The receiver's microphone is to be switched off, and `media` to say so. */
export interface Muted {
  type: "muted";
}

/**
 * Somebody in the room. `audio`, `video` and `screen` say what is switched on, not what arrives; who is
 * `reconnecting` has lost the line to the server, while sound and picture may go on. `line` is null until
 * the participant's own page has found out.
 */
export interface Participant {
  id: string;
  displayName: string;
  role: Role;
  moderator: boolean;
  audio: boolean;
  video: boolean;
  screen: boolean;
  reconnecting: boolean;
  line: LineWord | null;
  mayPresent: boolean;
  asksToPresent: boolean;
}

export interface PixelStatistics {
  mean: number;
  deviation: number;
  least: number;
  most: number;
  count: number;
}

/** In the patient, in mm: x to the left, y to the back, z to the head. */
export interface PlaceLps {
  x: number;
  y: number;
  z: number;
}

/** Where somebody points: x is the column, y the row, in pixels of the stored image, zero-based. */
export interface Pointer {
  sopInstanceUid: string;
  frame: number;
  x: number;
  y: number;
}

export interface PointerMoved {
  type: "pointer";
  participantId: string;
  pointer: Pointer | null;
}

export interface PresenterChanged {
  type: "presenter";
  participantId: string | null;
}

/** The earlier study in the layout "compare"; null for what is not linked. */
export interface PriorImage {
  studyInstanceUid: string;
  seriesInstanceUid: string;
  sopInstanceUid: string;
  frame: number;
  windowCenter: number;
  windowWidth: number;
  zoom: number;
  panX: number;
  panY: number;
  rotation: 0 | 90 | 180 | 270;
  flip: boolean;
  invert: boolean;
  linkOffsetMm: number | null;
  isWindowLinked: boolean;
}

/** Somebody's line to the server was lost, or is back. */
export interface ReconnectingChanged {
  type: "reconnecting";
  participantId: string;
  reconnecting: boolean;
}

export interface RecordingChanged {
  type: "recording";
  recording: RecordingState;
}

/** Why the last recording, or the asking for it, ended. */
export type RecordingEnd = "stopped" | "declined" | "failed" | "consent-withdrawn";

/** `awaiting`: who is asked and has not answered. `ended`: why it is off; None where it never was on. */
export interface RecordingState {
  status: RecordingStatus;
  askedBy: string | null;
  awaiting: string[];
  ended: RecordingEnd | null;
}

/** Of a room; see `recording_consent`. Nothing is recorded but in `on`. */
export type RecordingStatus = "off" | "asking" | "on" | "paused";

/** The presenter does not hand over to who asks. */
export interface RefuseToGive {
  type: "refuseToGive";
  participantId: string;
}

export interface Remove {
  type: "remove";
  participantId: string;
}

/** Some of the sender's own. */
export interface RemoveMeasurements {
  type: "removeMeasurements";
  ids: string[];
}

/**
 * The first message of a connection that goes on with an earlier one's stay, within RESUME_WINDOW_S.
 *
 * `received`: how many messages of this stay came in, the `welcome` included.
 */
export interface Resume {
  type: "resume";
  resumeToken: string;
  received: number;
}

/**
 * The answer to `resume`; what was missed follows. `received`: the client's messages after `join`.
 *
 * `ice_servers` take the place of those of the `welcome`, whose credentials are older.
 */
export interface Resumed {
  type: "resumed";
  received: number;
  iceServers: IceServer[];
}

export type Right = "present" | "point" | "send-media" | "share-screen" | "see-images" | "take-stills" | "record" | "moderate";

/** What somebody is in a room. */
export type Role = "presenter" | "participant" | "listener" | "patient" | "companion" | "interpreter";

/** RTCSessionDescriptionInit. */
export interface SessionDescription {
  type: "offer" | "answer";
  sdp: string;
}

/** How the line of the sender of this is: the worse of its two ways, as its own page measures them. */
export interface SetLine {
  type: "line";
  word: LineWord;
}

/** Into a locked room comes nobody new; who was in it may come back, and a moderator always comes in. */
export interface SetLock {
  type: "lock";
  locked: boolean;
}

/** One of the sender's own: new, being drawn, or changed. */
export interface SetMeasurement {
  type: "measurement";
  measurement: ImageMeasurement;
}

/** What the sender of this has switched on; one at a time shares a screen. */
export interface SetMedia {
  type: "media";
  audio: boolean;
  video: boolean;
  screen: boolean;
}

export interface SetPointer {
  type: "pointer";
  pointer: Pointer | null;
}

export interface SetRecording {
  type: "setRecording";
  step: "pause" | "resume" | "stop";
}

export interface SetViewer {
  type: "viewer";
  state: ViewerState;
}

/** All pictures on the sender's screen. Whoever is not in it is seen as large as there is. */
export interface SetWatched {
  type: "watched";
  pictures: WatchedPicture[];
}

export interface SharedMeasurement {
  ownerId: string;
  ownerName: string;
  measurement: ImageMeasurement;
}

/** What a plane shows of the layers about it; 0 mm: of one voxel. */
export interface Slab {
  thicknessMm: number;
  projection: "mip" | "minip" | "mean";
}

/** One for each plane. */
export interface Slabs {
  axial: Slab;
  coronal: Slab;
  sagittal: Slab;
}

/** Who speaks, or spoke last; null: nobody has since the last one left. */
export interface SpeakerChanged {
  type: "speaker";
  participantId: string | null;
}

/** What a still shows of a participant. */
export type StillSource = "camera" | "screen";

/** A still picture was taken of what `participant_id` shows; told to everybody, also to who took it. */
export interface StillTaken {
  type: "stillTaken";
  takenBy: string;
  participantId: string;
  source: StillSource;
}

export interface TakePresenter {
  type: "takePresenter";
}

/** Everybody is told of a still before it is kept: who takes one waits for `stillTaken`. */
export interface TakeStill {
  type: "takeStill";
  participantId: string;
  source: StillSource;
}

/** `seq` counts the states of this room; one that is smaller than the last is old. */
export interface ViewerChanged {
  type: "viewer";
  seq: number;
  participantId: string;
  state: ViewerState;
}

/**
 * What the presenter's screen shows; every other screen follows it.
 *
 * The image is the one that a screen shows which cannot show the layout.
 */
export interface ViewerState {
  studyInstanceUid: string;
  seriesInstanceUid: string;
  sopInstanceUid: string;
  frame: number;
  windowCenter: number;
  windowWidth: number;
  zoom: number;
  panX: number;
  panY: number;
  rotation: 0 | 90 | 180 | 270;
  flip: boolean;
  invert: boolean;
  findingId: string | null;
  tool: "window" | "pan" | "zoom" | "scroll" | "magnify" | "length" | "bidirectional" | "angle" | "ellipse" | "probe" | "arrow" | null;
  layout: "stack" | "mpr" | "compare" | "mammography";
  prior: PriorImage | null;
  hanging: Hanging | null;
  mpr: MprState | null;
}

/** An answer to `join`: a moderator is asked; then `welcome` or the error `declined` follows. */
export interface Waiting {
  type: "waiting";
}

/** For moderators: everybody who waits now. */
export interface WaitingChanged {
  type: "waitingRoom";
  waiting: WaitingPerson[];
}

/** Somebody in the waiting room. */
export interface WaitingPerson {
  id: string;
  displayName: string;
  role: Role;
}

/** Of what the receiver of this sends by one m-line, the encodings that somebody watches (dynacast). */
export interface WantedEncodings {
  type: "wanted";
  mid: string;
  rids: string[];
}

/** How large somebody's picture is seen: the smallest encoding that fills it; null: it is not seen. */
export interface WatchedPicture {
  participantId: string;
  rid: string | null;
}

/**
 * The answer to `join`: the room as it stands. `participants` holds everybody, the joiner too.
 *
 * `rights` are the joiner's own. `resume_token` is its secret. `waiting` is empty for who does not moderate.
 * `ice_servers` are for networks that let no UDP through to the server; none where there are none.
 */
export interface Welcome {
  type: "welcome";
  participantId: string;
  participants: Participant[];
  rights: Right[];
  presenterId: string | null;
  viewer: ViewerState | null;
  measurements: SharedMeasurement[];
  seq: number;
  locked: boolean;
  waiting: WaitingPerson[];
  recording: RecordingState;
  resumeToken: string;
  iceServers: IceServer[];
}

export type ClientMessage = Join | Resume | DescriptionMessage | CandidateMessage | SetViewer | SetPointer | TakePresenter | GivePresenter | AskToPresent | RefuseToGive | SetMeasurement | RemoveMeasurements | ClearMeasurements | SetMedia | SetLine | SetWatched | Mute | Remove | SetLock | Admit | Decline | AskToRecord | AnswerRecording | SetRecording | TakeStill;

export type ServerMessage = Waiting | Welcome | Resumed | Joined | Left | DescriptionMessage | CandidateMessage | ViewerChanged | PointerMoved | PresenterChanged | AskingChanged | MeasurementChanged | MeasurementsRemoved | MediaChanged | LineChanged | SpeakerChanged | ReconnectingChanged | WantedEncodings | Muted | LockChanged | WaitingChanged | RecordingChanged | StillTaken | ErrorMessage;
