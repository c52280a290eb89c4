/** Fetches stored images and reads the plain ones, away from the page's own thread. */
import { plainImageOf, valuesOver, type Values } from "./plainImage";

export interface Question {
  id: number;
  address: string;
}

/** An image's values and what stands before them in its file; a file that the viewer's loader has to read; or what came instead. */
export type Answer = (Values & { header: Uint8Array<ArrayBuffer> }) | { file: ArrayBuffer } | { status: number };
export type Reply = Answer & { id: number };

async function read(address: string): Promise<Answer> {
  const answer = await fetch(address).catch(() => null);
  if (answer?.ok !== true) return { status: answer?.status ?? 0 };
  const file = await answer.arrayBuffer().catch(() => null);
  if (file === null) return { status: 0 };
  const image = plainImageOf(new Uint8Array(file));
  const values = image === null ? null : valuesOver(image);
  return image === null || values === null ? { file } : { ...values, header: image.header };
}

self.onmessage = async ({ data: { id, address } }: MessageEvent<Question>) => {
  const answer = await read(address);
  const transfer = "file" in answer ? [answer.file] : "header" in answer ? [answer.header.buffer] : [];
  self.postMessage({ id, ...answer } satisfies Reply, { transfer });
};
