"""What the shipped lung model finds: phantoms that nobody trained on, held-out patches, two real chests.

    python -m benchmarks.lung_model --phantoms 300

What was read of each phantom is kept in --keep, so that a run that was stopped goes on where it stood. The
real images are left out where they are absent.
"""

import argparse
import json
import os
import runpy
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.result import figure, write_result
from imaging.finding import Finding
from imaging.volume_builder import build_volume
from inference.bundle import Bundle, load_bundle
from inference.errors import NotAnalysable
from inference.evaluation.chests import EVALUATION_PROTOCOL, froc_figures, phantom_case, read_case
from inference.evaluation.froc import ScanOutcome
from inference.evaluation.patches import PatchSet, evaluate_patches, read_patches
from inference.lung_nodules import detect_nodules
from teleconsult.services import REPOSITORY

MODEL: Final = REPOSITORY / "models" / "lung_nodule_ct"
# Far from the seeds of the demo, the tests and the training.
FIRST_SEED: Final = 700_000
# Where the lesion is that each real case is here for, and within how many mm a finding is on it.
REAL_CASES: Final = {
    "ct-chest-c3n-00247": ((-83.0, -192.0, -195.0), 12.0),
    "ct-lidc-0001": ((56.2, 86.3, -115.9), 11.7),
}


def outcomes(count: int, bundle: Bundle, keep: Path) -> Iterator[ScanOutcome]:
    """Yield what the model marks in each phantom; what the same weights read before is not read again."""
    keep.parent.mkdir(parents=True, exist_ok=True)
    known: dict[str, ScanOutcome] = {}
    version = _version(bundle)
    if keep.exists():
        for line in keep.read_text().splitlines():
            row = json.loads(line)
            if row.pop("version") == version:
                known[row["name"]] = ScanOutcome.from_json(row)
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        name = f"phantom-{seed}"
        if name not in known:
            try:
                known[name] = read_case(phantom_case(seed), bundle)
            except NotAnalysable as error:
                print(f"{name} was refused: {error}", flush=True)
                continue
            with keep.open("a") as stream:
                stream.write(json.dumps({"version": version, **asdict(known[name])}) + "\n")
        yield known[name]


def _version(bundle: Bundle) -> str:
    """Return what a phantom's outcome depends on, as text."""
    return json.dumps([bundle.weights_sha256, bundle.metadata["calibration"]], sort_keys=True)


def held_out_patches(path: Path, bundle: Bundle) -> dict[str, Any]:
    """Return the figures on the series that training left out (models/lung_nodule_ct/training/split.py)."""
    from inference.monai_predictor import load_predictor

    split = runpy.run_path(str(MODEL / "training" / "split.py"))
    whole = read_patches(path)
    assert whole.series is not None and whole.diameter_mm is not None
    rows = split["held_out"](whole.series) & ~split["never_used"](whole.series)
    part = PatchSet(whole.patches[rows], whole.is_nodule[rows], whole.series[rows], whole.diameter_mm[rows])
    return evaluate_patches(part, bundle, load_predictor(bundle))


def real_findings(folder: Path, bundle: Bundle) -> list[Finding]:
    """Return what is flagged in a series at the shipped threshold."""
    from imaging.parsing import parse_dicom

    datasets = [parse_dicom(path.read_bytes()) for path in sorted(folder.glob("*.dcm"))]
    return detect_nodules(build_volume(datasets), bundle, lambda stage, share: None)


def phantom_rows(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of the result for the phantoms."""
    scans, lesions = figures["scans"], figures["lesions"]
    protocol = EVALUATION_PROTOCOL
    what = (
        f"{scans} phantoms from seed {FIRST_SEED}, {lesions} nodules of {protocol.diameters_mm[0]:.0f} to "
        f"{protocol.diameters_mm[1]:.0f} mm, {protocol.rows} rows and columns, {protocol.coverage_mm:.0f} mm "
        f"long, slices {', '.join(str(t) for t in sorted(set(protocol.thicknesses_mm)))} mm"
    )
    at = figures["at_threshold"]
    rows = [
        figure("CPM", figures["cpm"], "mean sensitivity", 0.90, interval=figures["cpm_95_percent_interval"]),
        figure(
            "sensitivity at 1 false flag a scan, nodules from 6 mm",
            figures["sensitivity_at_1_per_scan_from_6_mm"],
            "share",
            0.92,
            interval=figures["sensitivity_at_1_per_scan_from_6_mm_95_percent_interval"],
        ),
        figure("sensitivity at the shipped threshold", at["sensitivity"], "share"),
        figure("false flags a scan at the shipped threshold", at["false_per_scan"], "flags"),
    ]
    rows[0]["scans"] = what
    rows[0]["sensitivity_at_false_per_scan"] = figures["sensitivity_at_false_per_scan"]
    rows[0]["breakdown"] = figures["breakdown"]
    return rows


def real_rows(data: Path, bundle: Bundle) -> list[dict[str, Any]]:
    """Return the rows of the result for the real images."""
    rows = []
    patches = data / "luna16-patches" / "patches.npz"
    if patches.exists():
        figures = held_out_patches(patches, bundle)
        rows.append(
            figure(
                f"AUC on {figures['n']} real candidate patches of {figures['n_series']} held-out series",
                figures["auc"],
                "AUC",
                0.97,
                interval=figures["auc_95_percent_interval"],
            )
        )
    for name, (place, within_mm) in REAL_CASES.items():
        if not (data / name).exists():
            continue
        findings = real_findings(data / name, bundle)
        gaps_mm = [np.linalg.norm(np.subtract(each.centre_lps_mm or np.inf, place)) for each in findings]
        on_it = [rank for rank, gap_mm in enumerate(gaps_mm, start=1) if gap_mm < within_mm]
        rows.append(
            figure(f"{name}: rank of its lesion", on_it[0] if on_it else None, "rank", 1, at_most=True)
        )
        rows.append(figure(f"{name}: other flags", len(findings) - len(on_it[:1]), "flags", 3, at_most=True))
    return rows


def main() -> None:
    """Measure and write results/lung_model.json."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--phantoms", type=int, default=300)
    parser.add_argument("--keep", type=Path, default=REPOSITORY / "test-results" / "lung_model.jsonl")
    parser.add_argument(
        "--data",
        type=Path,
        default=os.environ.get("TELECONSULT_TEST_DATA", REPOSITORY.parent / "shared" / "data"),
    )
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    bundle = load_bundle(MODEL)
    scans: list[ScanOutcome] = []
    for scan in outcomes(arguments.phantoms, bundle, arguments.keep):
        scans.append(scan)
        hits = sum(lesion.probability >= bundle.threshold for lesion in scan.lesions)
        false = sum(mark >= bundle.threshold for mark in scan.false_marks)
        print(f"{len(scans)} {scan.name}: {hits} of {len(scan.lesions)} found, {false} false", flush=True)
    rows = phantom_rows(froc_figures(scans, bundle)) + real_rows(Path(arguments.data), bundle)
    circumstance = f"model {bundle.version}, weights {bundle.weights_sha256[:12]}, one thread"
    write_result("lung_model", rows, circumstance=circumstance)
    for each in rows:
        print(f"{each['what']}: {each['value']} {each['unit']}")


if __name__ == "__main__":
    main()
