"""`teleconsult models ...`: the models that read, and what they are worth."""

import getpass
import json
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from teleconsult.data_folder import DEFAULT_DATA, DataFolder

models = typer.Typer(no_args_is_help=True, help=__doc__)


@models.command()
def evaluate(
    name: Annotated[str, typer.Argument(help="The model's name, such as lung_nodule_ct.")],
    patches: Annotated[
        Path | None, typer.Option(help="Candidate patches, an .npz with at least patches and is_nodule.")
    ] = None,
    dicom: Annotated[Path | None, typer.Option(help="A folder of DICOM images; needs --truth.")] = None,
    truth: Annotated[
        Path | None, typer.Option(help="CSV: seriesuid, coordX, coordY, coordZ (LPS, mm), diameter_mm.")
    ] = None,
    phantoms: Annotated[int | None, typer.Option(min=1, help="How many phantoms to draw and read.")] = None,
    seed: Annotated[
        int, typer.Option(min=0, help="Of the first phantom, and of the intervals' resampling.")
    ] = 900_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
    folder: Annotated[
        Path | None,
        typer.Option("--models", help="Folder of models to look in instead; nothing is recorded."),
    ] = None,
    version: Annotated[str | None, typer.Option(help="Which version; the newest, if none is said.")] = None,
    data: DataFolder = DEFAULT_DATA,
) -> None:
    """Measure a model: on candidate patches, on a folder of images with their truth, or on phantoms.

    Where the installation has this version, what was measured is kept on record: promotion asks for it.
    """
    from inference.bundle import load_bundle
    from inference.errors import BundleError
    from inference.evaluation.errors import NotMeasurable
    from inference.evaluation.evaluations import evaluation_of, no_such_way
    from teleconsult.models.installed import installed_models

    if [patches, dicom, phantoms].count(None) != 2 or (dicom is None) != (truth is None):
        _refuse(
            "Say one of --patches FILE, --dicom FOLDER with --truth CSV, or --phantoms COUNT.",
            "请指定其一：--patches 文件，--dicom 文件夹 加 --truth CSV，或 --phantoms 数量。",
        )
    try:
        with installed_models(data.resolve()) as installed:
            slot, bundle = (name, load_bundle(folder / name)) if folder else installed.choose(name, version)
        way = evaluation_of(slot)
        if patches is not None:
            if way.patches is None:
                raise no_such_way(name, "candidate patches", "候选图块")
            figures, subject = way.patches(patches, bundle, seed), f"patches {patches.name}"
        elif dicom is not None and truth is not None:
            if way.folder is None:
                raise no_such_way(name, "a folder of images", "影像文件夹")
            figures, subject = way.folder(dicom, truth, bundle, seed), f"{dicom.name} with {truth.name}"
        elif phantoms is not None:
            if way.phantoms is None:
                raise no_such_way(name, "phantoms", "模体")
            figures, subject = way.phantoms(phantoms, seed, bundle), f"{phantoms} phantoms from {seed}"
        if folder is None:
            with installed_models(data.resolve()) as installed:
                installed.record(bundle, subject, figures, f"os:{getpass.getuser()}"[:64])
    except NotMeasurable as error:
        _refuse(error.reason.en, error.reason.zh)
    except BundleError as error:
        if error.reason is not None:
            _refuse(error.reason.en, error.reason.zh)
        _refuse(f"The model cannot be used: {error}.", f"该模型无法使用：{error}。")
    if as_json:
        print(json.dumps(figures, ensure_ascii=False, allow_nan=False))
    else:
        _print_lines(figures)


def _print_lines(figures: dict[str, Any], indent: str = "") -> None:
    for key, value in figures.items():
        if isinstance(value, dict):
            print(f"{indent}{key}")
            _print_lines(value, indent + "  ")
        else:
            print(f"{indent}{key}  {value}")


def _refuse(en: str, zh: str) -> NoReturn:
    print(f"{en} {zh}", file=sys.stderr)
    sys.exit(1)
