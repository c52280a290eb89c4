"""Measure in headless Chromium what coding a CT slice for the way gains: deflate, JPEG-LS, HTJ2K.

The encoders are those that the upload page uses. Each result is decoded and compared with what went in.
"""

import base64
import statistics
from typing import Any

import pydicom
from playwright.sync_api import sync_playwright

from benchmarks.ct_study import real_ct_folder
from benchmarks.result import write_result
from teleconsult.services import REPOSITORY

CODECS = REPOSITORY / "web" / "node_modules" / "@cornerstonejs"
SLICES = 24
FILES = {
    "/charls.js": CODECS / "codec-charls/dist/charlswasm.js",
    "/charlswasm.wasm": CODECS / "codec-charls/dist/charlswasm.wasm",
    "/openjph.js": CODECS / "codec-openjph/dist/openjphjs.js",
    "/openjphjs.wasm": CODECS / "codec-openjph/dist/openjphjs.wasm",
}
KINDS = {".js": "text/javascript", ".wasm": "application/wasm"}
MEASURE = """async (slices) => {
  const charls = await CharLSWASM({ locateFile: (name) => "/" + name });
  const openjph = await Module({ locateFile: (name) => "/" + name });
  const always = { componentCount: 1, isSigned: false, isUsingColorTransform: false };
  const info = (rows, columns, bitsPerSample) => ({ width: columns, height: rows, bitsPerSample, ...always });
  const coded = (encoder, pixels, frame) => {
    encoder.getDecodedBuffer(frame).set(pixels);
    encoder.encode();
    return encoder.getEncodedBuffer().slice();
  };
  const decoded = (decoder, body) => {
    decoder.getEncodedBuffer(body.length).set(body);
    decoder.decode();
    const pixels = decoder.getDecodedBuffer().slice();
    decoder.delete();
    return pixels;
  };
  const through = async (bytes, stream) =>
    new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
  const ways = {
    deflate: {
      encode: (pixels) => through(pixels, new CompressionStream("deflate")),
      decode: (body) => through(body, new DecompressionStream("deflate")),
    },
    jls: {
      encode: (pixels, rows, columns, bits) => {
        const encoder = new charls.JpegLSEncoder();
        encoder.setNearLossless(0);
        const body = coded(encoder, pixels, info(rows, columns, bits));
        encoder.delete();
        return body;
      },
      decode: (body) => decoded(new charls.JpegLSDecoder(), body),
    },
    htj2k: {
      encode: (pixels, rows, columns, bits) => {
        const encoder = new openjph.HTJ2KEncoder();
        encoder.setQuality(true, 0);
        const body = coded(encoder, pixels, info(rows, columns, bits));
        encoder.delete();
        return body;
      },
      decode: (body) => decoded(new openjph.HTJ2KDecoder(), body),
    },
  };
  const rows = [];
  for (const [name, { encode, decode }] of Object.entries(ways)) {
    for (const slice of slices) {
      const pixels = Uint8Array.from(atob(slice.pixels), (c) => c.charCodeAt(0));
      const began = performance.now();
      const body = await encode(pixels, slice.rows, slice.columns, slice.bits);
      const ms = performance.now() - began;
      const back = await decode(body);
      const same = back.length === pixels.length && back.every((value, index) => value === pixels[index]);
      rows.push({ name, ms, ratio: body.length / pixels.length, same });
    }
  }
  return rows;
}"""


def pixels_of_slices() -> list[dict[str, Any]]:
    """The pixels of slices spread over the chest, as the page hands them to an encoder."""
    paths = sorted(real_ct_folder().glob("*.dcm"))
    slices = []
    for path in paths[:: max(1, len(paths) // SLICES)][:SLICES]:
        ds = pydicom.dcmread(path)
        bits = max(9, int(ds.pixel_array.max()).bit_length())
        pixels = base64.b64encode(ds.PixelData).decode()
        slices.append({"rows": ds.Rows, "columns": ds.Columns, "bits": bits, "pixels": pixels})
    return slices


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()

        def serve(route: Any) -> None:
            path = "/" + route.request.url.rsplit("/", 1)[1]
            if path in FILES:
                file = FILES[path]
                route.fulfill(body=file.read_bytes(), content_type=KINDS[file.suffix])
            else:
                route.fulfill(body="<!doctype html>", content_type="text/html")

        page.route("**/*", serve)
        page.goto("http://localhost/")
        page.add_script_tag(url="/charls.js")
        page.add_script_tag(url="/openjph.js")
        rows = page.evaluate(MEASURE, pixels_of_slices())
        browser.close()
    assert all(row["same"] for row in rows), "a coding did not give the same pixels back"
    figures: list[dict[str, Any]] = []
    for name in ("deflate", "jls", "htj2k"):
        of_this = [row for row in rows if row["name"] == name][2:]  # the first ones warm up
        ratio = statistics.median(row["ratio"] for row in of_this)
        ms = statistics.median(row["ms"] for row in of_this)
        figures.append(figure(f"{name}: size against raw pixels", ratio, ""))
        figures.append(figure(f"{name}: time for a slice of 512 x 512", ms, "ms"))
        print(f"{name:8} {ratio:5.3f} of the size, {ms:6.1f} ms a slice, pixels identical")
    write_result("upload_codings", figures)


def figure(what: str, value: float, unit: str) -> dict[str, Any]:
    return {"what": what, "value": round(value, 3), "unit": unit, "goal": None, "peer": None, "met": None}


if __name__ == "__main__":
    main()
