/** Fetches a study's copy without identity, and reads the report that lies in it. */
import { ApiError, CSRF_HEADER, errorFrom, withStepUp } from "../api/client";
import type { Sentence } from "../api/types";

export interface CopyOptions {
  dates: "shift" | "remove";
  keep_patient_characteristics: boolean;
  keep_device_identity: boolean;
  text_in_pixels: "black-out" | "refuse";
  case: string | null;
}

export interface CopyReport {
  files_copied: number;
  images_blacked_out: number;
  left_out: (Sentence & { file: number })[];
  changes: { tag: string; keyword: string; action: "removed" | "emptied" | "replaced" | "cleaned"; count: number }[];
}

export interface Copy {
  zip: Blob;
  report: CopyReport;
}

async function openCopy(study: string, options: CopyOptions, signal: AbortSignal) {
  const response = await fetch(`/api/studies/${encodeURIComponent(study)}/deidentified`, {
    method: "POST",
    headers: { ...CSRF_HEADER, "Content-Type": "application/json" },
    credentials: "same-origin",
    body: JSON.stringify(options),
    signal,
  }).catch((error: unknown) => {
    throw signal.aborted ? error : ApiError.offline();
  });
  if (!response.ok || response.body === null) throw errorFrom(response.status, await response.text());
  return response.body;
}

/**
 * @param onBytes hears how much has come.
 * @throws ApiError; one with the code `cut-off` where the copy broke off.
 */
export async function fetchCopy(
  study: string,
  options: CopyOptions,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Copy> {
  const body = await withStepUp(() => openCopy(study, options, signal));
  let received = 0;
  const counted = body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        received += chunk.length;
        onBytes(received);
        controller.enqueue(chunk);
      },
    }),
  );
  try {
    const zip = await new Response(counted).blob();
    return { zip, report: await reportIn(zip) };
  } catch (error) {
    throw signal.aborted ? error : new ApiError(0, "cut-off", "The copy was broken off.", null);
  }
}

async function reportIn(zip: Blob): Promise<CopyReport> {
  const { BlobReader, TextWriter, ZipReader } = await import("@zip.js/zip.js");
  const reader = new ZipReader(new BlobReader(zip));
  try {
    const entry = (await reader.getEntries()).find((one) => one.filename.endsWith("/report.json"));
    if (entry === undefined || entry.directory) throw new Error("no report");
    return JSON.parse(await entry.getData(new TextWriter())) as CopyReport;
  } finally {
    await reader.close();
  }
}

/** Hands the zip to the browser's downloads. */
export function save(zip: Blob) {
  const address = URL.createObjectURL(zip);
  const link = document.createElement("a");
  link.href = address;
  link.download = "deidentified.zip";
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
