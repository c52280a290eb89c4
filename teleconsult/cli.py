"""The command line: `teleconsult COMMAND`."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imaging.breast_measures import BreastMeasures
from imaging.reasons import Reason
from teleconsult.audit.commands import audit as audit_commands
from teleconsult.backups import commands as backup_commands
from teleconsult.data_folder import DEFAULT_DATA, DataFolder
from teleconsult.key_commands import keys as key_commands
from teleconsult.lifecycle.deletion_commands import deletion as deletion_commands
from teleconsult.lifecycle.hold_commands import hold as hold_commands
from teleconsult.lifecycle.retention_command import retention as retention_command
from teleconsult.models.commands import models as model_commands
from teleconsult.settings import REPOSITORY

if TYPE_CHECKING:
    from imaging.gate_rules import Rule
    from teleconsult.dependencies import PartsOfApp

main = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
main.add_typer(audit_commands, name="audit")
main.add_typer(deletion_commands, name="deletion")
main.add_typer(hold_commands, name="hold")
main.add_typer(key_commands, name="keys")
main.add_typer(model_commands, name="models")
main.command()(backup_commands.backup)
main.command()(backup_commands.restore)
main.command()(retention_command)
main.command()(backup_commands.migrate)

Port = Annotated[
    int,
    typer.Option("--port", min=1, max=65_495, help="Port of the page; rooms and scanners use the next ones."),
]
DEFAULT_PORT = 8080
# Threads that wait for each other in a loop take the cores that others need. Read when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
GATE_RULES = "TELECONSULT_GATE_RULES"  # names a file that adjusts the input gate's limits


@main.command()
def up(
    data: DataFolder = DEFAULT_DATA,
    port: Port = DEFAULT_PORT,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    demo: Annotated[bool, typer.Option(help="Demo accounts at the first start.")] = True,
    demo_studies: Annotated[bool, typer.Option(help="Phantom studies at the first start.")] = True,
) -> None:
    """Start everything, and stop it again with Ctrl-C."""
    from teleconsult import supervisor
    from teleconsult.announcement import announcement, prepare
    from teleconsult.installation import dicom_port

    if file := os.environ.get(GATE_RULES):
        _gate_rules(file)
    data = data.resolve()
    os.environ["TELECONSULT_DEMO"] = "1" if demo and demo_studies else "0"
    sys.exit(
        supervisor.run(
            data,
            port,
            host,
            announce=lambda: announcement(data, host, port, dicom_port(port, os.environ)),
            prepare=lambda: prepare(data, demo=demo),
        )
    )


def _gate_rules(file: str | None) -> tuple["Rule", ...]:
    """The input gate's rules; end with a sentence where the hospital's own file is not as it should be."""
    from imaging.gate_rules import BadRules, rules_with

    try:
        return rules_with(Path(file) if file else None)
    except BadRules as error:
        sys.exit(f"{GATE_RULES}: {error}")


@main.command()
def doctor(data: DataFolder = DEFAULT_DATA, port: Port = DEFAULT_PORT) -> None:
    """Say in plain sentences what is missing, broken or in the way."""
    from teleconsult import doctor as checks

    sys.exit(checks.run(data.resolve(), port))


@main.command()
def analyse(
    path: Annotated[Path, typer.Argument(exists=True, help="A DICOM file, a folder or a zip.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    models: Annotated[Path, typer.Option(help="Folder of the model bundles.")] = REPOSITORY / "models",
) -> None:
    """Run the input gate and the models on images, without any server."""
    from inference.pipeline import analyse_path

    def say_refused(refused_path: str, why: Reason | None) -> None:
        print(f"{refused_path}: {why.en} {why.zh}" if why else refused_path, file=sys.stderr)

    result = analyse_path(path, models, refused=say_refused, rules=_gate_rules(os.environ.get(GATE_RULES)))
    if as_json:
        print(json.dumps(result, ensure_ascii=False, indent=2))
        return
    for series in result["series"]:
        print(f"{series['series_instance_uid']}  {series['verdict']}  {series['reason'] or ''}")
    for finding in result["findings"]:
        size = f"{finding['diameter_mm']:.1f} mm" if finding["diameter_mm"] else "size unknown"
        place = finding.get("centre_lps_mm") or finding.get("box_px")
        print(
            f"{finding['kind']}  {finding['probability']:.2f}  {size}  {place}  "
            f"{finding['model']} {finding['model_version']}"
        )
    for breast in result.get("breasts", []):
        view = " ".join(filter(None, (breast["image_laterality"], breast["view_position"])))
        density = BreastMeasures.from_json(breast).density
        if density is not None:
            print(f"breast density  {view}  {density.category} (ACR)  {density.percent:.0f} %")
    if not result["findings"]:
        print("No findings. 没有发现。")


@main.command("import")
def import_(
    path: Annotated[Path, typer.Argument(exists=True, help="A folder, a zip, a disk or one file.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would become of each file.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead of a line for each file.")
    ] = False,
    data: DataFolder = DEFAULT_DATA,
    port: Port = DEFAULT_PORT,
    user: Annotated[
        str, typer.Option("--as", help="The account whose institution gets the studies.")
    ] = "clinician",
) -> None:
    """Take in studies as the page does. Except for a dry run the installation must be running."""
    from teleconsult.errors import NotFound
    from teleconsult.uploads.import_files import import_files, try_import

    try:
        rows = try_import(path) if dry_run else import_files(_running_parts(data.resolve(), port), path, user)
        files = []
        for row in rows:
            files.append(row)
            if not as_json:
                print(f"{row['verdict']}  {row['path']}  {row['reason'] or ''}")
    except NotFound:
        print(f"There is no account '{user}'. 没有账号“{user}”。", file=sys.stderr)
        sys.exit(1)
    if as_json:
        print(json.dumps({"files": files}, ensure_ascii=False, indent=2))


@main.command()
def reconcile(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what differs.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a line for each.")] = False,
    read_files: Annotated[
        bool, typer.Option("--read-files", help="Also have the archive read back every file: takes long.")
    ] = False,
    data: DataFolder = DEFAULT_DATA,
    port: Port = DEFAULT_PORT,
) -> None:
    """Find and mend every difference between the archive and our records; safe while the system works."""
    from storage.database import utc_now
    from teleconsult.studies.reconciliation import Reconciliation

    look = Reconciliation(
        _running_parts(data.resolve(), port), utc_now(), dry_run=dry_run, read_files=read_files
    )
    found = look.run()
    if as_json:
        rows = [{"difference": o.difference, "subject": o.subject, "mended": o.is_mended} for o in found]
        print(json.dumps({**look.summary, "dry_run": dry_run, "rows": rows}, ensure_ascii=False, indent=2))
    else:
        for one in found:
            print(f"{'mended' if one.is_mended else 'found'}  {one.difference}  {one.subject}")
        print(
            f"{len(found)} differences, {look.summary['mended']} mended. 差异 {len(found)} 处，已修复 "
            f"{look.summary['mended']} 处。"
        )
    sys.exit(0 if dry_run or all(one.is_mended for one in found) else 2)


@main.command()
def deidentify(
    path: Annotated[Path, typer.Argument(exists=True, help="A DICOM file, a folder or a zip.")],
    target: Annotated[Path, typer.Argument(help="A folder or a .zip that is not there yet.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON instead of as text.")
    ] = False,
    remove_dates: Annotated[
        bool, typer.Option("--remove-dates", help="Empty dates instead of shifting them.")
    ] = False,
    remove_characteristics: Annotated[
        bool, typer.Option("--remove-characteristics", help="Remove sex, age, height and weight as well.")
    ] = False,
    keep_device: Annotated[bool, typer.Option("--keep-device", help="Keep which machine it was.")] = False,
    refuse_text: Annotated[
        bool, typer.Option("--refuse-text", help="Leave out images with text instead of blacking it out.")
    ] = False,
    secret_file: Annotated[
        Path | None,
        typer.Option("--secret-file", exists=True, help="16 bytes or more; the same again: the same UIDs."),
    ] = None,
) -> None:
    """Copy images without the patient's identity, and report what was taken out. Needs no server."""
    from imaging.deidentification_profile import Options
    from imaging.deidentified_copy import report_files
    from teleconsult.exports.command import deidentify_path

    secret = secret_file.read_bytes() if secret_file else None
    if secret is not None and len(secret) < 16:
        print("The secret must have 16 bytes or more. 密钥至少需要 16 字节。", file=sys.stderr)
        sys.exit(1)
    options = Options("remove" if remove_dates else "shift", not remove_characteristics, keep_device)
    try:
        report = deidentify_path(path, target, options, "refuse" if refuse_text else "black-out", secret)
    except FileExistsError:
        print(f"{target} is there already. {target} 已存在。", file=sys.stderr)
        sys.exit(1)
    files = dict(report_files(report))
    print(files["report.json" if as_json else "report.txt"].decode())
    sys.exit(0 if report["files_copied"] else 1)


def _running_parts(data: Path, port: int) -> "PartsOfApp":
    """The parts of the installation that runs on this data folder, or the end with a sentence."""
    from imaging.errors import PacsUnavailable
    from teleconsult.app import create_parts
    from teleconsult.installation import existing_installation
    from teleconsult.services import child_environment
    from teleconsult.settings import Settings

    installation = existing_installation(data, "127.0.0.1", port)
    if installation is not None:
        parts = create_parts(Settings.from_environment(child_environment(installation, os.environ)))
        try:
            parts.pacs.ping()
            return parts
        except PacsUnavailable:
            pass
    print(
        f"No installation is running on {data}; start it with `make up` first, or use --dry-run. "
        f"{data} 上没有正在运行的系统；请先执行 make up，或使用 --dry-run。",
        file=sys.stderr,
    )
    sys.exit(1)


@main.command()
def openapi(target: Annotated[Path, typer.Argument()] = REPOSITORY / "web" / "openapi.json") -> None:
    """Write the API's description, from which the front end's types are generated."""
    from teleconsult.app import describe_api

    text = json.dumps(describe_api().openapi(), indent=2, ensure_ascii=False, sort_keys=True)
    target.write_text(text + "\n")


@main.command("reset-password")
def reset_password(username: str, data: DataFolder = DEFAULT_DATA) -> None:
    """Give an account a new one-time password."""
    from teleconsult import demo
    from teleconsult.announcement import open_database

    password = demo.reset_password(open_database(data.resolve()), data.resolve() / "secrets", username)
    if password is None:
        print(f"There is no account '{username}'. 没有账号“{username}”。", file=sys.stderr)
        sys.exit(1)
    print(password)


@main.command("reset-second-factor")
def reset_second_factor(username: str, data: DataFolder = DEFAULT_DATA) -> None:
    """Take an account's second factors away, for whoever lost them and the recovery codes."""
    from teleconsult.announcement import open_database
    from teleconsult.identity.resetting import reset_by_command

    if not reset_by_command(open_database(data.resolve()), username):
        print(f"There is no account '{username}'. 没有账号“{username}”。", file=sys.stderr)
        sys.exit(1)


@main.command("add-administrator")
def add_administrator(
    username: str,
    institution: Annotated[str, typer.Option(help="English name; made where it is not known yet.")],
    chinese_name: Annotated[str, typer.Option(help="Of an institution that is made.")] = "",
    data: DataFolder = DEFAULT_DATA,
) -> None:
    """Give an institution an administrator, who adds everybody else; prints the one-time password."""
    from teleconsult.announcement import open_database
    from teleconsult.errors import UsernameTaken
    from teleconsult.users.members import add_administrator

    try:
        print(add_administrator(open_database(data.resolve()), username, institution, chinese_name))
    except UsernameTaken:
        print(f"The user name '{username}' is taken. 用户名“{username}”已被使用。", file=sys.stderr)
        sys.exit(1)


@main.command("add-demo-studies", hidden=True)
def store_demo_studies() -> None:
    """Store phantom studies; the application calls it once at the first start."""
    from teleconsult.app import create_parts
    from teleconsult.demo import add_demo_studies
    from teleconsult.settings import Settings

    print(add_demo_studies(create_parts(Settings.from_environment())))


if __name__ == "__main__":
    main()
