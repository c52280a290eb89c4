"""A signed report as others' programs read it: poppler, qpdf and dcmtk."""

import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from imaging.edge_letters import EdgeLetters
from imaging.encapsulated_pdf import CONSULTATION, encapsulated_report
from imaging.part10 import part10_bytes
from teleconsult.reports.certificates import own_certificate
from teleconsult.reports.figures import GONE, Place, figure_of
from teleconsult.reports.illustrations import Illustration
from teleconsult.reports.pades import PdfSeal
from teleconsult.reports.pdf import render_report
from tests.dicom_builders import a_ct_slice
from tests.unit.teleconsult.test_report_pdf import CONTENTS, SHOWN, jpeg

NOW = datetime.now(UTC)
FINDINGS = "右肺下叶毛刺状肿块 ≥ 20 mm。\nSpiculated mass of the right lower lobe, suspicious of cancer."


def said_by(program: str, *arguments: str | Path, codes: tuple[int, ...] = (0,)) -> str:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed here; `deploy/setup.sh --tests` installs it")
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, errors="replace")
    assert done.returncode in codes, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With two pictures and one that is missing, signed."""
    folder = tmp_path_factory.mktemp("report")
    figure = figure_of(1, SHOWN, "李医生", Place(71, 99, 29))
    shown = Illustration(figure, jpeg(), EdgeLetters("R", "L", "A", "P"))
    gone = Illustration(figure.model_copy(update={"missing": GONE}))
    contents = replace(CONTENTS, findings_text=FINDINGS, figures=[shown, shown, gone])
    seal = PdfSeal(own_certificate(folder / "signing", NOW), None)
    pdf = folder / "report.pdf"
    pdf.write_bytes(seal.sign(render_report(contents), signer="陈主任", reason="signed", at=NOW))
    return pdf


def test_poppler_finds_the_signature_valid_over_the_whole_file_and_a_changed_byte(
    report: Path, tmp_path: Path
) -> None:
    said = said_by("pdfsig", report)
    assert "Signature is Valid." in said and "Total document signed" in said
    assert "ETSI.CAdES.detached" in said and "SHA-256" in said
    content = bytearray(report.read_bytes())
    content[content.index(b"/Producer") + 1] ^= 0x20
    changed = tmp_path / "changed.pdf"
    changed.write_bytes(content)
    assert "Digest Mismatch" in said_by("pdfsig", changed, codes=(0, 1))


def test_its_text_can_be_copied_and_searched_in_both_languages(report: Path) -> None:
    text = said_by("pdftotext", "-layout", report, "-")
    for line in (*FINDINGS.splitlines(), "<largest> 最大", "slice 71/99", "no longer in the archive"):
        assert line in text
    assert "No font" not in text and "\ufffd" not in text


def test_its_pictures_are_in_it_as_they_were_given_and_its_fonts_are_embedded(
    report: Path, tmp_path: Path
) -> None:
    said_by("pdfimages", "-all", report, tmp_path / "figure")
    assert {file.read_bytes() for file in tmp_path.glob("figure-*.jpg")} == {jpeg()}
    fonts = said_by("pdffonts", report).splitlines()[2:]
    assert fonts and all(re.search(r"\byes\s+yes\s+yes\b", line) for line in fonts)  # embedded, subset, text


def test_qpdf_finds_no_fault_in_its_structure(report: Path) -> None:
    assert "No syntax or stream encoding errors found" in said_by("qpdf", "--check", report)


def test_dcmtk_takes_the_same_file_out_of_the_dicom_object(report: Path, tmp_path: Path) -> None:
    content = report.read_bytes()
    for tail in (b"", b"\n"):  # of even and of odd length
        named = {"report_id": "c", "number": 1, "title": "Report", "concept": CONSULTATION, "at": NOW}
        document = encapsulated_report(content + tail, a_ct_slice(), **named)  # type: ignore[arg-type]
        dicom, out = tmp_path / "report.dcm", tmp_path / "out.pdf"
        dicom.write_bytes(part10_bytes(document))
        said_by("dcm2pdf", dicom, out)
        assert out.read_bytes() == content + tail
