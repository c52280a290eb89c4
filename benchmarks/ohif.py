"""OHIF as a peer: its published build, and a server that serves it in front of an Orthanc's DICOMweb.

    python -m benchmarks.ohif PORT ORTHANC_URL

The build comes from npm, one version with one digest, into the user's cache, never into the repository.
The server hands `/dicom-web/` on to Orthanc, with the login that ORTHANC_LOGIN holds.
"""

import base64
import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import ClientSession, TCPConnector, web

VERSION = "3.13.2"
INTEGRITY = "sha512-WZdxmpmG7rqFgW9ZJLcbgr3XCtLi1KDNPoMaeY5PPe6j4G4fjEjjkycZM6C6Zk2F87BKxFfpq+jd5xXZB9E8EA=="
ARCHIVE = web.AppKey("archive", ClientSession)
# As OHIF's documents have it for an Orthanc; the rest as in the build.
CONFIGURATION = """
window.config = {
  routerBasename: null, extensions: [], modes: [], customizationService: {}, showStudyList: true,
  maxNumberOfWebWorkers: 3, showLoadingIndicator: true, showWarningMessageForCrossOrigin: false,
  showCPUFallbackMessage: false, strictZSpacingForVolumeViewport: true,
  investigationalUseDialog: { option: "never" }, defaultDataSourceName: "orthanc",
  dataSources: [{
    namespace: "@ohif/extension-default.dataSourcesModule.dicomweb", sourceName: "orthanc",
    configuration: {
      friendlyName: "Orthanc", name: "orthanc",
      wadoUriRoot: "/wado", qidoRoot: "/dicom-web", wadoRoot: "/dicom-web",
      qidoSupportsIncludeField: false, imageRendering: "wadors", thumbnailRendering: "wadors",
      enableStudyLazyLoad: true, supportsFuzzyMatching: true, supportsWildcard: true,
      omitQuotationForMultipartRequest: true, bulkDataURI: { enabled: true },
    },
  }],
};
"""


def build() -> Path:
    """The folder of the published build; fetched where the cache has none."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "teleconsult-benchmarks"
    folder = cache / f"ohif-app-{VERSION}"
    if folder.is_dir():
        return folder / "package" / "dist"
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as coming:
        pack = ["npm", "pack", "--silent", f"@ohif/app@{VERSION}"]
        subprocess.run(pack, cwd=coming, check=True, stdout=subprocess.DEVNULL)
        [package] = Path(coming).glob("*.tgz")
        digest = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
        if f"sha512-{digest}" != INTEGRITY:
            raise SystemExit(f"@ohif/app {VERSION} from npm is not what this benchmark knows.")
        with tarfile.open(package) as archive:
            archive.extractall(Path(coming) / "unpacked", filter="data")
        (Path(coming) / "unpacked").rename(folder)
    return folder / "package" / "dist"


def application(folder: Path, orthanc_url: str, login: str) -> web.Application:
    """The build at `/`, every address that is no file its own routing, and DICOMweb without compression."""

    authorization = {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}

    async def archive(app: web.Application) -> AsyncIterator[None]:
        async with ClientSession(
            headers=authorization, auto_decompress=False, connector=TCPConnector(limit=16)
        ) as session:
            app[ARCHIVE] = session
            yield

    async def dicomweb(request: web.Request) -> web.StreamResponse:
        # Orthanc packs whatever a client says it can unpack, at 50 times the price of the answer itself.
        headers = {"Accept": request.headers.get("Accept", "*/*"), "Accept-Encoding": "identity"}
        async with request.app[ARCHIVE].get(orthanc_url + request.path_qs, headers=headers) as answer:
            kept = {name: answer.headers[name] for name in ("Content-Type",) if name in answer.headers}
            response = web.StreamResponse(status=answer.status, headers=kept)
            response.content_length = answer.content_length
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
            return response

    async def page(request: web.Request) -> web.StreamResponse:
        wanted = (folder / request.path.lstrip("/")).resolve()
        isolated = {
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Embedder-Policy": "require-corp",
        }
        if request.path == "/app-config.js":
            return web.Response(text=CONFIGURATION, content_type="text/javascript", headers=isolated)
        is_file = wanted.is_file() and wanted.is_relative_to(folder)
        return web.FileResponse(wanted if is_file else folder / "index.html", headers=isolated)

    app = web.Application()
    app.cleanup_ctx.append(archive)
    app.router.add_get("/dicom-web/{rest:.*}", dicomweb)
    app.router.add_get("/{rest:.*}", page)
    return app


if __name__ == "__main__":
    web.run_app(
        application(build().resolve(), sys.argv[2], os.environ["ORTHANC_LOGIN"]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        print=None,
    )
