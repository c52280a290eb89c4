/** The upload's requests. Bodies go by XMLHttpRequest, because fetch cannot tell how much has left the machine. */
import { ApiError, CSRF_HEADER, errorFrom, get, post } from "../api/client";
import type { components } from "../api/schema";
import type { FileResult, Upload } from "../api/types";

type Schemas = components["schemas"];
export type Started = Schemas["UploadStartedOut"];
export type ManifestIn = Schemas["ManifestIn"];
export type ManifestOut = Schemas["ManifestOut"];
export type BatchOut = Schemas["BatchOut"];

const at = (uploadId: string) => `/uploads/${encodeURIComponent(uploadId)}`;

export const openUpload = (consultId: string | undefined) =>
  post<Started>("/uploads", consultId === undefined ? {} : { consult_id: consultId });
export const recentUploads = () => get<Upload[]>("/uploads?limit=10");
export const sendManifest = (uploadId: string, manifest: ManifestIn) =>
  post<ManifestOut>(`${at(uploadId)}/manifest`, manifest);
export const assemble = (uploadId: string, sha256: string, body: Schemas["AssemblyIn"]) =>
  post<FileResult>(`${at(uploadId)}/instances/${sha256}/assembly`, body);
export const completeUpload = (uploadId: string) => post<Upload>(`${at(uploadId)}/complete`);

export interface Sending {
  signal: AbortSignal;
  onProgress: (sentFraction: number) => void;
}

export function send<T>(
  method: "POST" | "PUT",
  path: string,
  headers: Readonly<Record<string, string>>,
  body: Blob,
  { signal, onProgress }: Sending,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open(method, `/api${path}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    for (const [name, value] of Object.entries({ ...CSRF_HEADER, ...headers })) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onProgress(event.loaded / Math.max(1, body.size));
    request.onerror = () => reject(ApiError.offline());
    request.onabort = () => reject(ApiError.offline());
    request.onloadend = () => signal.removeEventListener("abort", abort);
    request.onload = () => {
      if (request.status < 200 || request.status >= 300) {
        reject(errorFrom(request.status, request.responseText));
        return;
      }
      try {
        resolve((request.responseText === "" ? undefined : JSON.parse(request.responseText)) as T);
      } catch {
        reject(ApiError.offline());
      }
    };
    signal.addEventListener("abort", abort);
    request.send(body);
  });
}

/** Several files, framed as frames.ts says. */
export const sendBatch = (uploadId: string, body: Blob, sending: Sending) =>
  send<BatchOut>("POST", `${at(uploadId)}/instances`, {}, body, sending);

/** A part of a large file. */
export const sendChunk = (sha256: string, body: Blob, sending: Sending) =>
  send<unknown>("PUT", `/uploads/chunks/${sha256}`, {}, body, sending);

/** One whole file as it lies on the disk; the server unpacks and judges it. */
export const sendWhole = (uploadId: string, path: string, body: Blob, sending: Sending) =>
  send<{ files: FileResult[] }>("POST", `${at(uploadId)}/files`, { "X-File-Path": encodeURIComponent(path) }, body, sending);
