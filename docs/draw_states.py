"""Draw docs/states.md from the tables in the code. `make docs` runs it."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from inference.inference_job import TRANSITIONS as JOB
from inference.model_version import TRANSITIONS as MODEL
from teleconsult.consults.consult import TRANSITIONS as CONSULT
from teleconsult.critical_results.critical_result import TRANSITIONS as CRITICAL
from teleconsult.scheduled_procedures.scheduled_procedure import TRANSITIONS as PROCEDURE

TARGET = Path(__file__).with_name("states.md")
DRAWN = {
    "A consult": CONSULT,
    "A critical result": CRITICAL,
    "An AI job": JOB,
    "A version of a model": MODEL,
    "A planned examination": PROCEDURE,
}


def diagram(table: Mapping[StrEnum, Mapping[StrEnum, StrEnum]]) -> str:
    """The table as a Mermaid state diagram; a status with an empty row is terminal."""
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f'    state "{status}" as {_identifier(status)}' for status in table if "-" in status]
    lines.append(f"    [*] --> {_identifier(next(iter(table)))}")
    for status, row in table.items():
        for event, to in row.items():
            lines.append(f"    {_identifier(status)} --> {_identifier(to)}: {event}")
        if not row:
            lines.append(f"    {_identifier(status)} --> [*]")
    return "\n".join([*lines, "```"])


def _identifier(status: str) -> str:
    return status.replace("-", "_")


def main() -> None:
    parts = [
        "# States",
        "Drawn from the tables in the code by `make docs`. Do not edit. A step that is not here is refused.",
    ]
    for title, table in DRAWN.items():
        parts += [f"## {title}", diagram(table)]
    TARGET.write_text("\n\n".join(parts) + "\n")
    print(f"Drew {TARGET.name}: {', '.join(DRAWN)}.")


if __name__ == "__main__":
    main()
