import { taken } from "./begun";
import type { Problem, Sentence } from "./types";

/** The server's answer was a problem document, or no answer came at all (`status` 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly sentence: Sentence | null;
  /** What else the problem document says (RFC 9457 3.2). */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(
    status: number,
    code: string,
    message: string,
    sentence: Sentence | null,
    members: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.sentence = sentence;
    this.members = members;
  }

  static offline(): ApiError {
    return new ApiError(0, "offline", "The server cannot be reached.", null);
  }
}

/** The server demands this header on every change: a foreign page cannot send it without permission. */
export const CSRF_HEADER = { "X-Teleconsult": "1" } as const;

function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "status" in value && "title" in value;
}

/** Turn the body of a failed answer into an error; a body that is no problem document keeps the status. */
export function errorFrom(status: number, body: string): ApiError {
  try {
    const value: unknown = JSON.parse(body);
    if (isProblem(value)) {
      return new ApiError(status, value.code ?? "", value.detail ?? value.title, value.sentence ?? null, { ...value });
    }
  } catch {
    // Not JSON: a proxy's own error page.
  }
  return new ApiError(status, `http-${status}`, `HTTP ${status}`, null);
}

let askToProve: (() => Promise<boolean>) | null = null;

/** Who asks the user to prove who it is; the promise says whether it was done. */
export function setStepUp(ask: (() => Promise<boolean>) | null): void {
  askToProve = ask;
}

/** Do it; where the server wants to know again who it is, ask, and do it once more. */
export async function withStepUp<T>(deed: () => Promise<T>): Promise<T> {
  try {
    return await deed();
  } catch (error) {
    const isAsked = error instanceof ApiError && error.code === "step-up-needed" && askToProve !== null;
    if (!isAsked || !(await askToProve?.())) throw error;
    return deed();
  }
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** One JSON request, again once the user has proved who it is. Throws ApiError; an abort passes as it is. */
export const request = <T>(
  method: Method,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
  more: Readonly<Record<string, string>> = {},
): Promise<T> => withStepUp(() => requestOnce<T>(method, path, body, signal, more));

async function requestOnce<T>(
  method: Method,
  path: string,
  body: unknown,
  signal: AbortSignal | undefined,
  more: Readonly<Record<string, string>>,
): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json", ...more };
  if (method !== "GET") Object.assign(headers, CSRF_HEADER);
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    const asked = method === "GET" ? taken(path) : undefined;
    const init = { method, headers, body: body === undefined ? null : JSON.stringify(body), signal: signal ?? null };
    response = await (asked ?? fetch(`/api${path}`, { ...init, credentials: "same-origin" }));
  } catch (error) {
    if (signal?.aborted) throw error;
    throw ApiError.offline();
  }
  const text = await response.text();
  if (!response.ok) throw errorFrom(response.status, text);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

export const get = <T>(path: string, signal?: AbortSignal) => request<T>("GET", path, undefined, signal);
export const post = <T>(path: string, body?: unknown) => request<T>("POST", path, body);
export const put = <T>(path: string, body?: unknown) => request<T>("PUT", path, body);
export const patch = <T>(path: string, body?: unknown) => request<T>("PATCH", path, body);
export const del = <T>(path: string) => request<T>("DELETE", path);

const uid = encodeURIComponent;

/** The headers of a study's images as DICOM JSON. */
export async function studyHeaders(study: string, signal: AbortSignal): Promise<unknown> {
  let response: Response;
  try {
    const headers = { Accept: "application/dicom+json" };
    response = await fetch(`/dicom-web/studies/${uid(study)}/metadata`, { headers, credentials: "same-origin", signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw ApiError.offline();
  }
  const text = await response.text();
  if (!response.ok) throw errorFrom(response.status, text);
  return JSON.parse(text) as unknown;
}

/** Addresses that elements load by themselves (images, downloads, the image loader). */
export const addresses = {
  thumbnail: (study: string) => `/api/studies/${uid(study)}/thumbnail`,
  seriesThumbnail: (study: string, series: string) =>
    `/api/studies/${uid(study)}/series/${uid(series)}/thumbnail`,
  studyArchive: (study: string) => `/api/studies/${uid(study)}/archive.zip`,
  instanceFile: (study: string, sop: string) => `/api/studies/${uid(study)}/instances/${uid(sop)}/file`,
  keyImage: (study: string, keyImage: string, sizePx: number) =>
    `/api/studies/${uid(study)}/key-images/${uid(keyImage)}/picture?size=${sizePx}`,
  appointment: (consult: string) => `/api/consults/${uid(consult)}/appointment.ics`,
  recordingPart: (consult: string, recording: string, part: number) =>
    `/api/consults/${uid(consult)}/recordings/${uid(recording)}/parts/${part}`,
  still: (consult: string, still: string) => `/api/consults/${uid(consult)}/stills/${uid(still)}/picture.jpg`,
  stillThumbnail: (consult: string, still: string) =>
    `/api/consults/${uid(consult)}/stills/${uid(still)}/thumbnail.jpg`,
  chatFile: (consult: string, message: string) => `/api/consults/${uid(consult)}/chat/${uid(message)}/file`,
  historyBundle: (consult: string) => `/api/consults/${uid(consult)}/history.fhir`,
  reportPdf: (consult: string) => `/api/consults/${uid(consult)}/report.pdf`,
  signedVersionPdf: (consult: string, number: number) =>
    `/api/consults/${uid(consult)}/report/versions/${number}/report.pdf`,
};
