/** Several files in one request: length of a JSON header (uint32, big endian), header, body; one after the other. Pure. */
import type { Coding } from "./coding";

export interface Outgoing {
  path: string;
  sha256: string;
  coding: Coding;
  body: Blob;
}

/** One body of all files. The files themselves are not read here: the browser reads them while it sends. */
export function batchBody(files: readonly Outgoing[]): Blob {
  const parts = files.flatMap(({ path, sha256, coding, body }) => {
    const header = new TextEncoder().encode(JSON.stringify({ path, sha256, coding, size_bytes: body.size }));
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, header.length);
    return [length, header, body];
  });
  return new Blob(parts);
}
