/** Files that are not sent at all, told like the server's own refusals. */
import type { ApiError } from "../api/client";
import type { FileResult, Sentence } from "../api/types";
import en from "../locales/en/upload.json";
import zh from "../locales/zh-CN/upload.json";
import type { TaskFailed } from "./workers";

const inBoth = (code: keyof typeof en.reason): Sentence => ({ code, en: en.reason[code], zh: zh.reason[code] });

function refused(path: string, reason: Sentence): FileResult {
  return {
    path,
    verdict: "refused",
    reason,
    already_present: false,
    study_instance_uid: null,
    series_instance_uid: null,
    sop_instance_uid: null,
    sha256: null,
  };
}

/** What comes along on a hospital's disc and with a folder. */
const LITTER = /(^|\/)(\.ds_store|thumbs\.db|desktop\.ini|autorun\.inf|dicomdir)$|\.(exe|dll|html?|css|js|txt|xml|ini|inf|ico|jar)$/i;
const OTHER_ARCHIVE = /\.(rar|7z|tar|t?gz|bz2|xz)$/i;

/** A file that shows no sign of DICOM. */
export function foreign(path: string, size_bytes: number): FileResult {
  if (size_bytes === 0) return refused(path, inBoth("empty-file"));
  if (OTHER_ARCHIVE.test(path)) return refused(path, inBoth("archive-format"));
  return refused(path, inBoth(LITTER.test(path) ? "not-an-image" : "not-dicom"));
}

export const zipInZip = (path: string) => refused(path, inBoth("zip-in-zip"));
export const tooManyEntries = (path: string) => refused(path, inBoth("too-many-entries"));
export const ofEntry = (path: string, fault: "too-large" | "encrypted") =>
  refused(path, inBoth(fault === "encrypted" ? "zip-encrypted" : "suspicious-compression"));

/** It could not be read, unpacked or made anonymous here. */
export const unreadable = (path: string, error: TaskFailed, isInZip: boolean) =>
  refused(path, error.refusal ?? inBoth(isInZip ? "zip-damaged" : "unreadable-file"));

/** The server refused the request itself. */
export const byServer = (path: string, error: ApiError) =>
  refused(path, error.sentence ?? { code: error.code, en: error.message, zh: error.message });
