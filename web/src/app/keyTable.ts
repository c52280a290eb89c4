/** All keys of the application: what each does, where, and which of them live side by side. Data.
 *
 * Names are those of `useKeys`. Each group is a part of a page that listens by itself; PLACES says which parts are on
 * one page at a time. There no key has two meanings: keyTable.test.ts checks it.
 */
export const KEYS = {
  anywhere: { help: "?", acceptRing: "F2" },
  patient: { side: ";" },
  worklist: { next: "j", nextToo: "ArrowDown", previous: "k", previousToo: "ArrowUp", take: "a", search: "/", filters: "f" },
  findings: { next: "j", previous: "k", accept: "a", edit: "e", reject: "r", undo: "u", sign: "s" },
  /** Alone, and only until the next key: they go before all others. */
  rejection: { reasons: ["1", "2", "3", "4", "5"] },
  /** Alone: while a box is edited the others of these names rest. */
  editing: { keep: "Enter", leave: "Escape", move: ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"], larger: "+", smaller: "-" },
  readerFirst: { commit: "c" },
  viewing: { scroll: "b", window: "w", pan: "n", zoom: "z", magnify: "m" },
  picture: {
    presets: ["1", "2", "3", "4"],
    turnLeft: "[",
    turnRight: "]",
    pixels: "0",
    trueSize: "9",
    play: " ",
    invert: "i",
    marks: "h",
    reset: "f",
    keyImage: "*",
  },
  measuring: { length: "l", bidirectional: "x", angle: "g", ellipse: "o", probe: "v", arrow: "t" },
  layouts: { mpr: "8", compare: "p" },
  /** From one series to all views of the examination; there the key shows all of them again. */
  hangings: { mammography: "5" },
  compare: { link: "q", here: "." },
  mammography: { all: "5", CC: "6", MLO: "7", next: "8", prior: "p" },
  planes: { axial: "5", coronal: "6", sagittal: "7" },
  planeTools: { crosshair: "x", scroll: "b", window: "w", pan: "n", zoom: "z" },
  mpr: { presets: ["1", "2", "3", "4"], thinner: ",", thicker: ".", projection: "m", large: "g", invert: "i", marks: "h", reset: "f" },
  room: { return: "y", present: "'", screen: "d", still: "/" },
} as const;

type Part = keyof typeof KEYS;

const READING: readonly Part[] = ["anywhere", "patient", "findings", "readerFirst", "room"];
/** The room's keys are in the way of none on a page without a call; so they count everywhere. */
export const PLACES: Readonly<Record<string, readonly Part[]>> = {
  worklist: ["anywhere", "worklist"],
  stack: [...READING, "viewing", "picture", "measuring", "layouts", "hangings", "compare"],
  mpr: [...READING, "planes", "planeTools", "mpr", "layouts"],
  mammography: [...READING, "viewing", "picture", "measuring", "mammography"],
  rejected: ["rejection"],
  editing: ["editing"],
};

export const HELP = [
  {
    title: "worklist:keys.title",
    rows: [
      { keys: [KEYS.worklist.next, KEYS.worklist.previous, "↓", "↑"], label: "worklist:keys.move" },
      { keys: ["Enter"], label: "worklist:keys.open" },
      { keys: [KEYS.worklist.take], label: "worklist:keys.take" },
      { keys: [KEYS.worklist.search], label: "worklist:keys.search" },
      { keys: [KEYS.worklist.filters], label: "worklist:keys.filters" },
    ],
  },
  {
    title: "shortcuts.findings",
    rows: [
      { keys: [KEYS.findings.next], label: "shortcuts.next" },
      { keys: [KEYS.findings.previous], label: "shortcuts.previous" },
      { keys: [KEYS.findings.accept], label: "shortcuts.accept" },
      { keys: [KEYS.findings.edit], label: "shortcuts.edit" },
      { keys: [KEYS.findings.reject], label: "shortcuts.reject" },
      { keys: KEYS.rejection.reasons, label: "shortcuts.reason" },
      { keys: [KEYS.findings.undo], label: "shortcuts.undo" },
      { keys: [KEYS.findings.sign], label: "shortcuts.sign" },
    ],
  },
  {
    title: "shortcuts.editing",
    rows: [
      { keys: ["←", "→", "↑", "↓"], label: "shortcuts.editMove" },
      { keys: ["Shift"], label: "shortcuts.editFar" },
      { keys: ["Tab"], label: "shortcuts.editHandle" },
      { keys: [KEYS.editing.larger, KEYS.editing.smaller], label: "shortcuts.editSize" },
      { keys: ["Enter"], label: "shortcuts.editKeep" },
      { keys: ["Esc"], label: "shortcuts.editLeave" },
    ],
  },
  {
    title: "viewer:viewer",
    rows: [
      { keys: [KEYS.viewing.scroll], label: "viewer:tool.scroll" },
      { keys: [KEYS.viewing.window], label: "viewer:tool.window" },
      { keys: [KEYS.viewing.pan], label: "viewer:tool.pan" },
      { keys: [KEYS.viewing.zoom], label: "viewer:tool.zoom" },
      { keys: [KEYS.viewing.magnify], label: "viewer:tool.magnify" },
      { keys: KEYS.picture.presets, label: "viewer:presets" },
      { keys: [KEYS.picture.turnLeft, KEYS.picture.turnRight], label: "viewer:turn.keys" },
      { keys: [KEYS.layouts.compare], label: "viewer:layout.compare" },
      { keys: [KEYS.compare.link], label: "viewer:compare.link" },
      { keys: [KEYS.compare.here], label: "viewer:compare.here" },
      { keys: [KEYS.picture.pixels], label: "viewer:size.pixels" },
      { keys: [KEYS.picture.trueSize], label: "viewer:size.true.pixel-spacing" },
      { keys: ["Space"], label: "viewer:cine.title" },
      { keys: [KEYS.picture.invert], label: "viewer:invert" },
      { keys: [KEYS.picture.marks], label: "viewer:marks" },
      { keys: [KEYS.picture.keyImage], label: "keyImage:toggle" },
      { keys: [KEYS.readerFirst.commit], label: "viewer:readerFirst.key" },
      { keys: [KEYS.picture.reset], label: "viewer:reset" },
    ],
  },
  {
    title: "viewer:layout.mpr",
    rows: [
      { keys: [KEYS.layouts.mpr], label: "viewer:layout.toggle" },
      { keys: [KEYS.planeTools.crosshair], label: "viewer:tool.crosshair" },
      { keys: [KEYS.planes.axial], label: "viewer:mpr.plane.axial" },
      { keys: [KEYS.planes.coronal], label: "viewer:mpr.plane.coronal" },
      { keys: [KEYS.planes.sagittal], label: "viewer:mpr.plane.sagittal" },
      { keys: [KEYS.mpr.large], label: "viewer:mpr.large" },
      { keys: [KEYS.mpr.thinner, KEYS.mpr.thicker], label: "viewer:mpr.slab.keys" },
      { keys: [KEYS.mpr.projection], label: "viewer:mpr.slab.next" },
    ],
  },
  {
    title: "viewer:mammography.views",
    rows: [
      { keys: [KEYS.mammography.all], label: "viewer:mammography.shown.all" },
      { keys: [KEYS.mammography.CC], label: "viewer:mammography.shown.CC" },
      { keys: [KEYS.mammography.MLO], label: "viewer:mammography.shown.MLO" },
      { keys: [KEYS.mammography.next], label: "viewer:mammography.shown.one" },
      { keys: [KEYS.mammography.prior], label: "viewer:mammography.prior" },
    ],
  },
  {
    title: "viewer:measurements.title",
    rows: [
      { keys: [KEYS.measuring.length], label: "viewer:tool.length" },
      { keys: [KEYS.measuring.bidirectional], label: "viewer:tool.bidirectional" },
      { keys: [KEYS.measuring.angle], label: "viewer:tool.angle" },
      { keys: [KEYS.measuring.ellipse], label: "viewer:tool.ellipse" },
      { keys: [KEYS.measuring.probe], label: "viewer:tool.probe" },
      { keys: [KEYS.measuring.arrow], label: "viewer:tool.arrow" },
      { keys: ["Ctrl+Z"], label: "viewer:measurements.undo" },
      { keys: ["Ctrl+Shift+Z"], label: "viewer:measurements.redo" },
      { keys: ["Delete"], label: "viewer:measurements.deleteSelected" },
      { keys: ["Esc"], label: "viewer:measurements.giveUp" },
    ],
  },
  {
    title: "shortcuts.room",
    rows: [
      { keys: [KEYS.room.return], label: "shortcuts.return" },
      { keys: [KEYS.room.present], label: "shortcuts.present" },
      { keys: [KEYS.room.screen], label: "shortcuts.screen" },
      { keys: [KEYS.room.still], label: "shortcuts.still" },
    ],
  },
  {
    title: "shortcuts.anywhere",
    rows: [
      { keys: [KEYS.patient.side], label: "history:side.key" },
      { keys: [KEYS.anywhere.acceptRing], label: "ringing:accept" },
      { keys: [KEYS.anywhere.help], label: "shortcuts.help" },
    ],
  },
] as const;
