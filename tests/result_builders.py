"""Findings, masks and runs for tests of result objects, and the checkers that other people wrote."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset

from imaging.finding import Category, Finding, FindingKind
from imaging.lesion_mask import LesionMask, mask_of
from imaging.lung_nodule import Change, Comparison, Laterality, LungLocation, LungThird, NoduleType
from imaging.part10 import part10_bytes
from imaging.result_header import Maker
from imaging.result_objects import Run

AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
MAKER = Maker("lung_nodule_ct", "0.1.0", "ab" * 32)
CATEGORY = Category("4B", "99LUNGRADS", "Lung-RADS 4B 可疑", "Lung-RADS 2022, solid, 15 mm or more 实性≥15mm")


def a_finding(image: Dataset, **changes: Any) -> Finding:
    """A nodule with all measures, on this image."""
    return replace(
        Finding(
            kind=FindingKind.NODULE,
            probability=0.8312,
            threshold=0.35,
            study_instance_uid=str(image.StudyInstanceUID),
            series_instance_uid=str(image.SeriesInstanceUID),
            sop_instance_uid=str(image.SOPInstanceUID),
            centre_lps_mm=(-56.2, -86.3, -115.9),
            box_lps_mm=(-67.9, -98.0, -127.6, -44.5, -74.6, -104.2),
            box_px=(3.0, 4.5, 9.0, 11.25),
            diameter_mm=23.4,
            model=MAKER.model,
            model_version=MAKER.version,
            weights_sha256=MAKER.weights_sha256,
            volume_mm3=6543.2,
            long_axis_mm=25.0,
            short_axis_mm=21.8,
            category=CATEGORY,
            nodule_type=NoduleType.PART_SOLID,
            solid_diameter_mm=9.5,
            volume_error=0.18,
            location=LungLocation(
                Laterality.RIGHT, LungThird.LOWER, (-150.0, -90.0, -230.0, -10.0, 90.0, 40.0)
            ),
            distance_to_pleura_mm=4.2,
            comparison=Comparison(
                Change.GROWING, "1.2.840.99.1", date(2026, 3, 1), 268, "1.2.840.99.2", 21.4, 4900.0, 640, 355
            ),
        ),
        **changes,
    )


def a_mask(slices: Sequence[Dataset], place: tuple[slice, slice, slice]) -> LesionMask:
    """A mask that fills a block of (slice, row, column), of slices in this order."""
    voxels = np.zeros((len(slices), int(slices[0].Rows), int(slices[0].Columns)), np.bool_)
    voxels[place] = True
    mask = mask_of(voxels, tuple(str(ds.SOPInstanceUID) for ds in slices))
    assert mask is not None
    return mask


def a_ct_run(slices: Sequence[Dataset], count: int, **changes: Any) -> Run:
    """A run with so many findings, each with a mask of its own, on slices in order."""
    edge = int(slices[0].Rows) // 8
    findings = []
    for n in range(count):
        k = (2 * n) % (len(slices) - 1)
        rows, columns = slice(edge * (n % 7), edge * (n % 7 + 1)), slice(edge * 2, edge * 4)
        findings.append(
            a_finding(
                slices[k],
                probability=0.9 - n / 100,
                box_px=(float(columns.start), float(rows.start), float(columns.stop), float(rows.stop)),
                mask=a_mask(slices, (slice(k, k + 2), rows, columns)),
            )
        )
    return Run(**{**_run(findings, slices), **changes})


def a_mammogram_run(image: Dataset, count: int, **changes: Any) -> Run:
    """A run with so many findings, masses and clusters in turn, on one mammogram."""
    rows, columns = int(image.Rows), int(image.Columns)
    findings = [
        a_finding(
            image,
            kind=(FindingKind.MASS, FindingKind.CALCIFICATION_CLUSTER)[n % 2],
            probability=0.9 - n / 100,
            centre_lps_mm=None,
            box_lps_mm=None,
            box_px=(columns / 4, rows * n / 10, columns / 2, rows * (n + 1) / 10),
            category=None,
            volume_mm3=None,
            long_axis_mm=None,
            short_axis_mm=None,
            nodule_type=None,
            solid_diameter_mm=None,
            volume_error=None,
            location=None,
            distance_to_pleura_mm=None,
            comparison=None,
        )
        for n in range(count)
    ]
    return Run(**{**_run(findings, [image]), **changes})


def _run(findings: Sequence[Finding], sources: Sequence[Dataset]) -> dict[str, Any]:
    return {
        "findings": findings,
        "sources": sources,
        "maker": MAKER,
        "at": AT,
        "job_id": "job-1",
        "secondary_capture": True,
    }


def check_with_others(ds: Dataset, folder: Path) -> None:
    """dicom3tools' dciodvfy finds no error, and dcmtk's dsrdump reads it where it is a report."""
    path = folder / "object.dcm"
    path.write_bytes(part10_bytes(ds))
    for program in ("dciodvfy", "dsrdump") if ds.Modality == "SR" else ("dciodvfy",):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed here; `apt-get install dicom3tools dcmtk`")
        done = subprocess.run([program, str(path)], capture_output=True, text=True, errors="replace")
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        assert not [line for line in said.splitlines() if line.startswith(("Error", "E:", "F:"))], said
