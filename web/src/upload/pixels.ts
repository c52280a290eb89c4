/** The frame in which an image travels coded: bytes before the pixels, bytes after them, the codestream. Pure. */

/** Where the pixels of an uncompressed, single-sample, 16-bit image stand in its file. */
export interface PixelFrame {
  offset: number;
  length: number;
  rows: number;
  columns: number;
  /** Pixel Representation is 1: the sign bit is inverted before coding, so that neighbours stay neighbours. */
  sign_flipped: boolean;
}

const SIGN_BIT = 0x8000;
/** JPEG-LS of 8 bits or fewer is another sample type; more than are used only cost size. */
const BITS_FEWEST = 9;

/** A copy of the pixels as unsigned values, row by row, and how many bits they need. */
export function codableValues(file: Uint8Array, frame: PixelFrame): { values: Uint16Array; bits: number } {
  const values = new Uint16Array(frame.length / 2);
  new Uint8Array(values.buffer).set(file.subarray(frame.offset, frame.offset + frame.length));
  let seen = 0;
  const flip = frame.sign_flipped ? SIGN_BIT : 0;
  for (let index = 0; index < values.length; index += 1) {
    const value = (values[index] ?? 0) ^ flip;
    values[index] = value;
    seen |= value;
  }
  return { values, bits: Math.max(BITS_FEWEST, 32 - Math.clz32(seen)) };
}

/** The body of a coded image: header length (uint32, big endian), header, prefix, suffix, codestream. */
export function frameBody(file: Uint8Array, frame: PixelFrame, codestream: Uint8Array): Uint8Array<ArrayBuffer> {
  const end = frame.offset + frame.length;
  const suffix = file.subarray(end);
  const header = new TextEncoder().encode(JSON.stringify({ ...frame, suffix_bytes: suffix.length }));
  const body = new Uint8Array(4 + header.length + frame.offset + suffix.length + codestream.length);
  new DataView(body.buffer).setUint32(0, header.length);
  let at = 4;
  for (const part of [header, file.subarray(0, frame.offset), suffix, codestream]) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}
