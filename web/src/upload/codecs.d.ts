/** The parts of the two codecs that are used; their packages bring no types. */
interface CodecFrameInfo {
  width: number;
  height: number;
  bitsPerSample: number;
  componentCount: number;
  isSigned: boolean;
  isUsingColorTransform: boolean;
}

interface CodecEncoder {
  getDecodedBuffer(info: CodecFrameInfo): Uint8Array;
  encode(): void;
  getEncodedBuffer(): Uint8Array;
  delete(): void;
}

interface CodecOptions {
  locateFile: (name: string) => string;
}

declare module "@cornerstonejs/codec-charls/wasmjs" {
  const load: (options: CodecOptions) => Promise<{
    JpegLSEncoder: new () => CodecEncoder & { setNearLossless(near: number): void };
  }>;
  export default load;
}

declare module "@cornerstonejs/codec-openjph/wasmjs" {
  const load: (options: CodecOptions) => Promise<{
    HTJ2KEncoder: new () => CodecEncoder & { setQuality(reversible: boolean, quantization: number): void };
  }>;
  export default load;
}
