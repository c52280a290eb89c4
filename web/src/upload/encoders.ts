/** Lossless coders as WebAssembly, loaded in the worker when the first image is coded. */
import charls from "@cornerstonejs/codec-charls/wasmjs";
import charlsWasm from "@cornerstonejs/codec-charls/wasm?url";
import openjph from "@cornerstonejs/codec-openjph/wasmjs";
import openjphWasm from "@cornerstonejs/codec-openjph/wasm?url";

import type { Coding } from "./coding";
import { codableValues, frameBody, type PixelFrame } from "./pixels";

let jpegLs: Promise<() => CodecEncoder> | null = null;
let highThroughput: Promise<() => CodecEncoder> | null = null;

/** Near 0: no value differs. */
async function jpegLsEncoder(): Promise<CodecEncoder> {
  jpegLs ??= charls({ locateFile: () => charlsWasm }).then((codec) => () => {
    const encoder = new codec.JpegLSEncoder();
    encoder.setNearLossless(0);
    return encoder;
  });
  return (await jpegLs)();
}

/** Reversible wavelet: no value differs. */
async function htj2kEncoder(): Promise<CodecEncoder> {
  highThroughput ??= openjph({ locateFile: () => openjphWasm }).then((codec) => () => {
    const encoder = new codec.HTJ2KEncoder();
    encoder.setQuality(true, 0);
    return encoder;
  });
  return (await highThroughput)();
}

/** The body that carries this file in this coding, and how long it took. */
export async function encoded(
  file: Uint8Array<ArrayBuffer>,
  coding: Coding,
  pixels: PixelFrame | null,
): Promise<Uint8Array<ArrayBuffer>> {
  if (coding === "deflate" || pixels === null) {
    const stream = new Blob([file]).stream().pipeThrough(new CompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }
  const encoder = await (coding === "jls" ? jpegLsEncoder() : htj2kEncoder());
  try {
    const { values, bits } = codableValues(file, pixels);
    const info = {
      width: pixels.columns,
      height: pixels.rows,
      bitsPerSample: bits,
      componentCount: 1,
      isSigned: false,
      isUsingColorTransform: false,
    };
    encoder.getDecodedBuffer(info).set(new Uint8Array(values.buffer));
    encoder.encode();
    return frameBody(file, pixels, encoder.getEncodedBuffer());
  } finally {
    encoder.delete();
  }
}
