import { describe, expect, it } from "vitest";

import type { Participant, ServerMessage, SharedMeasurement, ViewerState } from "./messages";
import { type Action, INITIAL, isOtherPictureAlone, NOT_RECORDED, reduce, type RoomState } from "./reducer";

const anna: Participant = {
  id: "anna",
  displayName: "Anna",
  role: "presenter",
  moderator: false,
  audio: true,
  video: true,
  screen: false,
  reconnecting: false,
  line: null,
  mayPresent: true,
  asksToPresent: false,
};
const ben: Participant = { ...anna, id: "ben", displayName: "Ben" };
const viewer = (zoom: number): ViewerState => ({
  studyInstanceUid: "1",
  seriesInstanceUid: "1.2",
  sopInstanceUid: "1.2.3",
  frame: 0,
  windowCenter: 40,
  windowWidth: 400,
  zoom,
  panX: 0,
  panY: 0,
  rotation: 0,
  flip: false,
  invert: false,
  findingId: null,
  tool: null,
  layout: "stack" as const,
  prior: null,
  hanging: null,
  mpr: null,
});
const welcome = (changes: object = {}): ServerMessage => ({
  type: "welcome",
  participantId: "anna",
  participants: [anna, ben],
  presenterId: "ben",
  viewer: null,
  measurements: [],
  seq: 0,
  rights: ["present", "point", "send-media", "see-images"],
  locked: false,
  waiting: [],
  recording: NOT_RECORDED,
  resumeToken: "secret",
  iceServers: [],
  ...changes,
});
const heard = (...messages: ServerMessage[]): Action[] =>
  messages.map((message) => ({ kind: "received", message }));
const after = (...actions: Action[]): RoomState => actions.reduce(reduce, INITIAL);

describe("what is known of the room", () => {
  it("is what the welcome says", () => {
    const state = after(...heard(welcome({ viewer: viewer(2), seq: 7 })));
    expect(state).toMatchObject({ status: "connected", selfId: "anna", presenterId: "ben", seq: 7 });
    expect(state.viewer?.zoom).toBe(2);
  });

  it("holds what was measured as the room has it, and knows which of one's own somebody else took away", () => {
    const shared = (id: string, ownerId: string): SharedMeasurement => ({
      ownerId,
      ownerName: ownerId,
      measurement: {
        id,
        studyInstanceUid: "1",
        sopInstanceUid: "1.2.3",
        frame: 0,
        kind: "probe",
        points: [{ x: 1, y: 2 }],
        label: "",
        measured: null,
        final: true,
      },
    });
    const [own, others] = [shared("a", "anna"), shared("b", "ben")];
    const told = heard(welcome({ measurements: [others], viewer: viewer(1) }), { type: "measurement", shared: own });
    expect(after(...told).measurements).toEqual({ a: own, b: others });

    const byUs = after(...told, ...heard({ type: "measurementsRemoved", participantId: "anna", ids: ["a"] }));
    expect([byUs.measurements, byUs.takenAway]).toEqual([{ b: others }, []]);
    const byBen = after(...told, ...heard({ type: "measurementsRemoved", participantId: "ben", ids: ["a", "b"] }));
    expect([byBen.measurements, byBen.takenAway]).toEqual([{}, ["a", "b"]]);
    const whileAway = after(...told, ...heard(welcome({ viewer: viewer(1) })));
    expect([whileAway.measurements, whileAway.takenAway]).toEqual([{}, ["a"]]);
    expect(after(...told, ...heard(welcome())).takenAway, "a server that knows nothing took nothing away").toEqual([]);
  });

  it("tells who asks to present, and us of a no", () => {
    const asks = (participantId: string, refused: boolean): ServerMessage => ({
      type: "askingToPresent",
      participantId,
      asks: !refused,
      refused,
    });
    const asked = after(...heard(welcome(), asks("anna", false), asks("ben", false)));
    expect(asked.participants.map((one) => one.asksToPresent)).toEqual([true, true]);
    expect(after(...heard(welcome(), asks("ben", true))).isRefused).toBe(false);
    expect(after(...heard(welcome(), asks("anna", true))).isRefused).toBe(true);
  });

  it("follows the newest viewer state only", () => {
    const state = after(
      ...heard(
        welcome({ seq: 4 }),
        { type: "viewer", seq: 6, participantId: "ben", state: viewer(6) },
        { type: "viewer", seq: 5, participantId: "ben", state: viewer(5) },
      ),
    );
    expect(state.viewer?.zoom).toBe(6);
  });

  it("takes back what oneself showed too late, when the room says where it stands", () => {
    const state = after(
      ...heard(welcome({ presenterId: null, viewer: viewer(2), seq: 4 })),
      { kind: "showed", state: viewer(3) },
      ...heard({ type: "presenter", participantId: "ben" }, { type: "viewer", seq: 4, participantId: "ben", state: viewer(2) }),
    );
    expect(state.viewer?.zoom).toBe(2);
  });

  it("does not take up what oneself shows while another presents", () => {
    const showed: Action = { kind: "showed", state: viewer(3) };
    expect(after(...heard(welcome()), showed).viewer).toBeNull();
    const presenting = heard(welcome(), { type: "presenter", participantId: "anna" });
    expect(after(...presenting, showed).viewer?.zoom).toBe(3);
    expect(after(...heard(welcome({ presenterId: null })), showed).viewer?.zoom).toBe(3);
  });

  it("keeps what is on screen when the connection is lost, and when the server has forgotten it", () => {
    const before = heard(welcome(), { type: "viewer", seq: 1, participantId: "ben", state: viewer(5) });
    const lost = after(...before, { kind: "lost", error: null, held: false });
    expect(lost).toMatchObject({ status: "reconnecting", streams: {}, pointers: {} });
    expect(lost.viewer?.zoom).toBe(5);
    expect(reduce(lost, { kind: "received", message: welcome() }).viewer?.zoom).toBe(5);
  });

  it("is still connecting when it was never there", () => {
    expect(after({ kind: "lost", error: "no-token", held: false })).toMatchObject({
      status: "connecting",
      error: { code: "no-token" },
    });
  });

  it("says that nobody answers until somebody does", () => {
    const alone: Action = { kind: "lost", error: null, held: false };
    expect(after(alone).error).toEqual({ code: "unreachable" });
    expect(after(alone, ...heard(welcome())).error).toBeNull();
    expect(after(...heard(welcome()), alone).error).toBeNull();
  });

  it("keeps faces and pointers of a stay that is held, and none of one that is over", () => {
    const stream = {} as MediaStream;
    const before: Action[] = [
      ...heard(welcome(), { type: "pointer", participantId: "ben", pointer: { sopInstanceUid: "1.2.3", frame: 0, x: 1, y: 2 } }),
      { kind: "streamAdded", streamId: "ben", stream },
      { kind: "lost", error: null, held: true },
    ];
    expect(after(...before)).toMatchObject({ status: "reconnecting", streams: { ben: stream }, pointers: { ben: { x: 1 } } });
    const back = after(...before, ...heard({ type: "resumed", received: 3, iceServers: [] }));
    expect(back).toMatchObject({ status: "connected", streams: { ben: stream }, pointers: { ben: { x: 1 } } });
    expect(after(...before, ...heard(welcome()))).toMatchObject({ streams: {}, pointers: {} });
  });

  it("says who is reconnecting, whether the room is locked and who waits", () => {
    const cem = { id: "cem", displayName: "Cem", role: "patient" } as const;
    const state = after(
      ...heard(
        welcome(),
        { type: "reconnecting", participantId: "ben", reconnecting: true },
        { type: "lock", locked: true },
        { type: "waitingRoom", waiting: [cem] },
      ),
    );
    expect(state.participants.map(({ reconnecting }) => reconnecting)).toEqual([false, true]);
    expect(state).toMatchObject({ locked: true, waiting: [cem] });
  });

  it("is to wait until the welcome comes", () => {
    expect(after(...heard({ type: "waiting" })).status).toBe("waiting");
    expect(after(...heard({ type: "waiting" }, welcome())).status).toBe("connected");
  });

  it("shows nothing of who may not present, also where nobody presents", () => {
    const patient = welcome({ presenterId: null, rights: ["send-media"] });
    expect(after(...heard(patient), { kind: "showed", state: viewer(3) }).viewer).toBeNull();
  });

  it("has each participant once, and no pointer of who left", () => {
    const pointer = { sopInstanceUid: "1.2.3", frame: 0, x: 1, y: 2 };
    const here = heard(
      welcome(),
      { type: "joined", participant: { ...ben, video: false } },
      { type: "pointer", participantId: "ben", pointer },
    );
    expect(after(...here).participants).toEqual([anna, { ...ben, video: false }]);
    expect(after(...here).pointers).toEqual({ ben: pointer });
    const gone = after(...here, ...heard({ type: "left", participantId: "ben" }));
    expect(gone.participants).toEqual([anna]);
    expect(gone.pointers).toEqual({});
  });

  it("knows what everybody has switched on", () => {
    const state = after(
      ...heard(welcome(), { type: "media", participantId: "ben", audio: false, video: true, screen: true }),
      { kind: "switched", media: { audio: true, video: false, screen: false } },
    );
    expect(state.participants.map(({ audio, video, screen }) => [audio, video, screen])).toEqual([
      [true, false, false],
      [false, true, true],
    ]);
  });
});

describe("another picture alone", () => {
  it("is another slice, window or place of it, and nothing that is drawn around it", () => {
    const before = viewer(1);
    const isAlone = (changes: Partial<ViewerState>) => isOtherPictureAlone(before, { ...before, ...changes });
    const otherPictures: Partial<ViewerState>[] = [
      { sopInstanceUid: "1.2.4" },
      { frame: 3 },
      { zoom: 2, panX: 7 },
      { windowWidth: 1500, invert: true },
    ];
    const more: Partial<ViewerState>[] = [
      { studyInstanceUid: "2" },
      { seriesInstanceUid: "1.3" },
      { findingId: "a" },
      { tool: "zoom" },
      { layout: "mpr" },
    ];
    expect(otherPictures.every(isAlone)).toBe(true);
    expect(more.some(isAlone)).toBe(false);
    expect(isOtherPictureAlone(null, before) || isOtherPictureAlone({ ...before, layout: "mpr" }, { ...before, layout: "mpr" })).toBe(false);
  });
});
