/** Sends one file. XMLHttpRequest, because fetch cannot tell how much has left the machine. */
import { ApiError, CSRF_HEADER, errorFrom } from "../api/client";
import type { FileResult } from "../api/types";

export interface SendOptions {
  uploadId: string;
  path: string;
  file: File;
  onProgress: (sentBytes: number) => void;
  onSent: () => void;
}

export function sendFile({ uploadId, path, file, onProgress, onSent }: SendOptions): Promise<FileResult[]> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/api/uploads/${encodeURIComponent(uploadId)}/files`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-File-Path", encodeURIComponent(path));
    for (const [name, value] of Object.entries(CSRF_HEADER)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.upload.onload = onSent;
    request.onerror = () => reject(ApiError.offline());
    request.ontimeout = () => reject(ApiError.offline());
    request.onload = () => {
      if (request.status < 200 || request.status >= 300) {
        reject(errorFrom(request.status, request.responseText));
        return;
      }
      try {
        resolve((JSON.parse(request.responseText) as { files: FileResult[] }).files);
      } catch {
        reject(ApiError.offline());
      }
    };
    request.send(file);
  });
}
