"""`teleconsult models add | list | verify | promote | retire`: which version of which model reads."""

import getpass
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from teleconsult.data_folder import DEFAULT_DATA, DataFolder
from teleconsult.model_commands import models

if TYPE_CHECKING:
    from imaging.reasons import Reason
    from inference.model_version import ModelVersion

__all__ = ["models"]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")]
Name = Annotated[str, typer.Argument(help="The model's name, as `list` shows it.")]
Version = Annotated[str, typer.Argument(help="The version, as `list` shows it.")]

STATES_ZH = {
    "candidate": "候选",
    "shadow": "试运行",
    "active": "使用中",
    "suspended": "已暂停",
    "retired": "已停用",
}


@models.command()
def add(
    path: Annotated[Path, typer.Argument(help="A MONAI bundle, as a folder or a zip.")],
    slot: Annotated[str, typer.Option("--for", help="What it is to read: lung_nodule_ct or mammography.")],
    trust: Annotated[
        bool, typer.Option("--trust", help="Let it run code of its own: you know who made it.")
    ] = False,
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="You have read its licence and may use it.")
    ] = False,
    as_json: AsJson = False,
    data: DataFolder = DEFAULT_DATA,
) -> None:
    """Take in a bundle. It reads nothing until it is promoted."""
    from inference.bundle_adding import add_bundle
    from storage.database import utc_now
    from teleconsult.models.installed import installed_models

    with _sentences(as_json), installed_models(data.resolve()) as installed:
        version = add_bundle(
            installed.registry,
            installed.recorded(data),
            path,
            slot,
            by=_who(),
            at=utc_now(),
            trust=trust,
            accept_licence=accept_licence,
        )
    _say_version(version, as_json)


@models.command("list")
def list_(as_json: AsJson = False, data: DataFolder = DEFAULT_DATA) -> None:
    """Show all versions and where they stand. Needs no running server."""
    from teleconsult.models.installed import installed_models

    rows: list[dict[str, Any]] = []
    with _sentences(as_json), installed_models(data.resolve()) as installed:
        if installed.database is None:
            for slot in installed.registry.slots():
                bundle = installed.registry.active(slot)
                row = {"slot": slot, "name": bundle.name, "version": bundle.version, "state": "active"}
                rows.append({**row, "is_shipped": True, "weights_sha256": bundle.weights_sha256})
        for version in installed.versions():
            rows.append(_row(version) | {"evaluations": len(installed.evaluations(version))})
    if as_json:
        print(json.dumps({"models": rows}, ensure_ascii=False, indent=2))
        return
    for row in rows:
        state = f"{row['state']} {STATES_ZH[row['state']]}"
        print(f"{row['slot']}  {row['name']} {row['version']}  {state}  {row['weights_sha256'][:12]}")


@models.command()
def verify(
    name: Annotated[str | None, typer.Argument(help="Only the versions of this model.")] = None,
    as_json: AsJson = False,
    data: DataFolder = DEFAULT_DATA,
) -> None:
    """Check that every version's files are those that were added, and load each once."""
    from teleconsult.models.installed import installed_models
    from teleconsult.models.verification import verify_all

    with _sentences(as_json), installed_models(data.resolve()) as installed:
        results = list(verify_all(installed, name))
    if as_json:
        rows = [
            {"name": r.name, "version": r.version, "is_sound": r.reason is None, "reason": _json(r.reason)}
            for r in results
        ]
        print(json.dumps({"models": rows}, ensure_ascii=False, indent=2))
    else:
        for one in results:
            said = "sound 完好" if one.reason is None else f"{one.reason.en} {one.reason.zh}"
            print(f"{one.name} {one.version}  {said}")
    sys.exit(1 if any(one.reason for one in results) or not results else 0)


@models.command()
def promote(
    name: Name,
    version: Version,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="Only let it read every series unseen, on trial.")
    ] = False,
    as_json: AsJson = False,
    data: DataFolder = DEFAULT_DATA,
) -> None:
    """Let a version read, from the next study on. It needs an evaluation on record; a trial needs none."""
    from storage.database import utc_now
    from teleconsult.models.installed import installed_models

    with _sentences(as_json), installed_models(data.resolve()) as installed:
        step = installed.registry.shadow if shadow else installed.registry.promote
        with installed.recorded(data).transaction() as connection:
            after = step(connection, name, version, by=_who(), at=utc_now())
    _say_version(after, as_json)


@models.command()
def retire(name: Name, version: Version, as_json: AsJson = False, data: DataFolder = DEFAULT_DATA) -> None:
    """Take a version out. Where it was the one that reads, the one before it reads again."""
    from storage.database import utc_now
    from teleconsult.models.installed import installed_models

    with (
        _sentences(as_json),
        installed_models(data.resolve()) as installed,
        installed.recorded(data).transaction() as connection,
    ):
        former = installed.registry.retire(connection, name, version, by=_who(), at=utc_now())
    if as_json:
        print(json.dumps({"reads_again": _row(former) if former else None}, ensure_ascii=False, indent=2))
    elif former:
        print(f"{former.name} {former.version} reads again. 已恢复使用 {former.name} {former.version}。")
    else:
        print(f"{name} {version} is retired. {name} {version} 已停用。")


@contextmanager
def _sentences(as_json: bool) -> Iterator[None]:
    """End with a sentence where a bundle or a step is refused."""
    from inference.errors import BundleError

    try:
        yield
    except BundleError as error:
        if as_json:
            print(json.dumps({"reason": _json(error.reason) or {"en": str(error)}}, ensure_ascii=False))
        else:
            said = error.reason
            print(f"{said.en}\n{said.zh}" if said else str(error), file=sys.stderr)
        sys.exit(1)


def _say_version(version: "ModelVersion", as_json: bool) -> None:
    if as_json:
        print(json.dumps(_row(version), ensure_ascii=False, indent=2))
        return
    state = f"{version.state} {STATES_ZH[version.state]}"
    print(f"{version.name} {version.version} ({version.slot}): {state}")


def _row(version: "ModelVersion") -> dict[str, Any]:
    return {
        "slot": version.slot,
        "name": version.name,
        "version": version.version,
        "state": str(version.state),
        "state_reason": version.state_reason,
        "is_shipped": version.is_shipped,
        "weights_sha256": version.weights_sha256,
        "licence": version.licence,
        "licence_accepted_by": version.licence_accepted_by,
        "trusted_by": version.trusted_by,
    }


def _json(said: "Reason | None") -> dict[str, str] | None:
    return said.to_json() if said else None


def _who() -> str:
    """Who acts, for the record: whoever has a shell on the server."""
    return f"os:{getpass.getuser()}"[:64]
