/** What the headers of a study's mammograms say of how they hang, from DICOM JSON (PS3.18 annex F). Pure. */
import type { ImageKind, Mammogram, Side } from "./hanging";

interface Element {
  Value?: readonly unknown[];
}
export type DicomJson = Readonly<Record<string, Element | undefined>>;

const texts = (header: DicomJson, tag: string) =>
  (header[tag]?.Value ?? []).filter((value) => typeof value === "string").map((value) => value.trim());
const numbers = (header: DicomJson, tag: string) => (header[tag]?.Value ?? []).map(Number).filter(Number.isFinite);
const items = (header: DicomJson, tag: string) =>
  (header[tag]?.Value ?? []).filter((value): value is DicomJson => typeof value === "object" && value !== null);

/** CID 4014 of DICOM PS3.16, as SNOMED CT and SRT. */
const VIEWS: Readonly<Record<string, string>> = {
  "399162004": "CC",
  "R-10242": "CC",
  "399368009": "MLO",
  "R-10226": "MLO",
};
/** View modifiers, CID 4015: spot compression, magnification, specimen; and implant displaced. */
const PARTS = ["399055006", "R-102D7", "399163009", "R-102D6", "127457009", "G-8115"];
const IMPLANT_DISPLACED = ["399209000", "R-102D5"];
/** Contact views have a factor of 1.05 or so. */
const MAGNIFIED_FROM = 1.4;

function kindOf(header: DicomJson, modifiers: readonly string[], view: string): ImageKind {
  if ((numbers(header, "00280008")[0] ?? 1) > 1) return "tomosynthesis";
  if (texts(header, "00080068")[0] === "FOR PROCESSING") return "raw";
  const magnification = numbers(header, "00181114")[0] ?? 1;
  if (magnification > MAGNIFIED_FROM || modifiers.some((code) => PARTS.includes(code))) return "part";
  return view.endsWith("ID") || modifiers.some((code) => IMPLANT_DISPLACED.includes(code)) ? "implant-displaced" : "plain";
}

/** Between columns and rows: at the breast, or at the detector over the magnification (PS3.3 C.8.11.7.1.1). */
function spacingOf(header: DicomJson): Mammogram["spacing"] {
  const magnification = numbers(header, "00181114")[0] ?? 1;
  for (const [tag, factor] of [["00280030", 1], ["00181164", magnification]] as const) {
    const [rows, columns] = numbers(header, tag);
    if (rows !== undefined && columns !== undefined && rows > 0 && columns > 0 && factor > 0) {
      return [columns / factor, rows / factor];
    }
  }
  return null;
}

function mammogramOf(header: DicomJson): Mammogram | null {
  const [sopInstanceUid] = texts(header, "00080018");
  const [seriesInstanceUid] = texts(header, "0020000E");
  const [height] = numbers(header, "00280010");
  const [width] = numbers(header, "00280011");
  if (sopInstanceUid === undefined || seriesInstanceUid === undefined || height === undefined || width === undefined) return null;
  const side = (texts(header, "00200062")[0] ?? texts(header, "00200060")[0] ?? "").toUpperCase();
  const codes = items(header, "00540220");
  const codesOf = (found: readonly DicomJson[]) => found.flatMap((item) => texts(item, "00080100"));
  const modifiers = codesOf(codes.flatMap((item) => items(item, "00540222")));
  const named = (texts(header, "00185101")[0] ?? "").toUpperCase() || codesOf(codes).map((code) => VIEWS[code] ?? "").join("");
  return {
    sopInstanceUid,
    seriesInstanceUid,
    side: (["R", "L"] as Side[]).find((each) => each === side) ?? null,
    view: named.replace(/^(CC|MLO)ID$/, "$1") || null,
    kind: kindOf(header, modifiers, named),
    orientation: texts(header, "00200020"),
    size: { width, height },
    spacing: spacingOf(header),
    acquiredAt: [texts(header, "00080022")[0] ?? texts(header, "00080020")[0], texts(header, "00080032")[0]].join(" "),
  };
}

/** The images among the headers of a study that are mammograms. */
export const mammogramsFrom = (headers: readonly DicomJson[]): Mammogram[] =>
  headers
    .filter((header) => texts(header, "00080060")[0] === "MG")
    .map(mammogramOf)
    .filter((image) => image !== null);
