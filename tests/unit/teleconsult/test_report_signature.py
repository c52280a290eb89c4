"""The seal in a report's PDF: whose it is, that one changed byte breaks it, and what it says of the time."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509 import load_pem_x509_certificate
from pyhanko.pdf_utils.reader import PdfFileReader

from teleconsult.errors import CertificateNotValid, TimeStampMissing
from teleconsult.reports.certificates import BadCertificate, own_certificate, read_pkcs12
from teleconsult.reports.pades import PdfSeal
from teleconsult.reports.pdf import render_report
from tests.report_seals import verdict
from tests.unit.teleconsult.test_report_pdf import CONTENTS

NOW = datetime.now(UTC)


def sealed(seal: PdfSeal) -> bytes:
    return seal.sign(render_report(CONTENTS), signer="陈主任", reason="signed", at=NOW)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own") / "signing"
    own_certificate(folder, NOW)
    return folder


def test_a_seal_is_trusted_by_who_trusts_the_authority_and_covers_the_whole_file(own: Path) -> None:
    pdf = sealed(PdfSeal(own_certificate(own, NOW), None))
    status = verdict(pdf, own / "ca.pem")
    assert status.bottom_line and status.trusted
    assert status.coverage.name == "ENTIRE_FILE"
    assert status.timestamp_validity is None
    (signature,) = PdfFileReader(BytesIO(pdf)).embedded_signatures
    assert (signature.sig_object["/SubFilter"], signature.sig_object["/Name"]) == (
        "/ETSI.CAdES.detached",
        "陈主任",
    )


def test_one_changed_byte_breaks_the_seal(own: Path) -> None:
    pdf = bytearray(sealed(PdfSeal(own_certificate(own, NOW), None)))
    position = pdf.index(b"/Producer")
    pdf[position + 1] ^= 0x20  # its name in another case: the file still opens
    assert not verdict(bytes(pdf), own / "ca.pem").intact


def test_another_installations_authority_is_not_trusted(own: Path, tmp_path: Path) -> None:
    own_certificate(tmp_path, NOW)
    assert not verdict(sealed(PdfSeal(own_certificate(own, NOW), None)), tmp_path / "ca.pem").trusted


def test_keys_are_their_owners_alone_and_stay_over_a_start(own: Path) -> None:
    assert {file.name: file.stat().st_mode & 0o777 for file in own.glob("*.key")} == {
        "ca.key": 0o600,
        "report.key": 0o600,
    }
    assert own_certificate(own, NOW).certificate == own_certificate(own, NOW).certificate


def test_a_certificate_that_soon_ends_is_renewed_under_the_same_authority(tmp_path: Path) -> None:
    long_ago = NOW - timedelta(days=365 * 10 - 30)
    before = own_certificate(tmp_path, long_ago)
    after = own_certificate(tmp_path, NOW)
    assert after.certificate != before.certificate and after.chain == before.chain
    assert verdict(sealed(PdfSeal(after, None)), tmp_path / "ca.pem").bottom_line


def test_the_hospitals_certificate_signs_and_a_wrong_password_or_an_end_is_said(
    own: Path, tmp_path: Path
) -> None:
    key = load_pem_private_key((own / "report.key").read_bytes(), None)
    certificate, ca = (load_pem_x509_certificate((own / f"{n}.pem").read_bytes()) for n in ("report", "ca"))
    file, password, wrong = (tmp_path / name for name in ("report.p12", "password", "wrong"))
    file.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"report",
            key,  # type: ignore[arg-type]
            certificate,
            [ca],
            BestAvailableEncryption(b"secret"),
        )
    )
    password.write_text("secret\n")
    wrong.write_text("another\n")
    theirs = read_pkcs12(file, password, NOW)
    assert verdict(sealed(PdfSeal(theirs, None)), own / "ca.pem").bottom_line
    with pytest.raises(BadCertificate, match="password"):
        read_pkcs12(file, wrong, NOW)
    later = NOW + timedelta(days=365 * 11)
    with pytest.raises(BadCertificate, match="valid from"):
        read_pkcs12(file, password, later)
    with pytest.raises(CertificateNotValid):
        PdfSeal(theirs, None).sign(b"", signer="", reason="", at=later)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """An RFC 3161 authority: `openssl ts` behind HTTP. Its address and its certificate."""
    folder = tmp_path_factory.mktemp("authority")
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(
        "[tsa]\ndefault_tsa=it\n[it]\nserial=serial\nsigner_cert=tsa.pem\nsigner_key=tsa.key\n"
        "signer_digest=sha256\ndigests=sha256\ndefault_policy=1.2.3.4\ness_cert_id_alg=sha256\n"
    )
    command = (
        "req -x509 -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.pem -subj /CN=Time -days 9 "
        "-addext extendedKeyUsage=critical,timeStamping -addext keyUsage=critical,digitalSignature"
    )
    subprocess.run(["openssl", *command.split()], check=True, capture_output=True, cwd=folder)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            (folder / "query").write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            command = "ts -reply -config tsa.cnf -queryfile query -out answer"
            subprocess.run(["openssl", *command.split()], check=True, capture_output=True, cwd=folder)
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write((folder / "answer").read_bytes())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", folder / "tsa.pem"
    server.shutdown()


def test_where_an_authority_is_named_the_seal_carries_its_time_stamp(
    own: Path, authority: tuple[str, Path]
) -> None:
    url, certificate = authority
    status = verdict(sealed(PdfSeal(own_certificate(own, NOW), url)), own / "ca.pem", certificate)
    assert status.bottom_line
    assert status.timestamp_validity.valid and status.timestamp_validity.trusted


def test_nothing_is_signed_without_the_time_stamp_that_was_asked_for(own: Path) -> None:
    with pytest.raises(TimeStampMissing):
        sealed(PdfSeal(own_certificate(own, NOW), "http://127.0.0.1:9/"))
