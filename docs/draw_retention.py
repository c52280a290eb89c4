"""Draw the classes of records in docs/retention.md from the table in the code. `make docs` runs it."""

from pathlib import Path

from teleconsult.lifecycle.record_classes import CLASSES, in_words

TARGET = Path(__file__).with_name("retention.md")
BEGIN = "<!-- Drawn by `make docs` from teleconsult/lifecycle/record_classes.py: edit it there. -->"
END = "<!-- End of what is drawn. -->"


def text() -> str:
    """The page, with the table as the code has it."""
    before, rest = TARGET.read_text().split(BEGIN)
    _, after = rest.split(END)
    rows = ["| class | what | kept by default | set by | least | source |", "|---|---|---|---|---|---|"]
    for name, row in CLASSES.items():
        kept = f"{in_words(row.days)} since {row.since}" if row.days else "always"
        least = in_words(row.least_days) if row.least_days else ""
        rows.append(f"| `{name}` | {row.en} | {kept} | {row.set_by} | {least} | {row.source} |")
    return "\n".join([before + BEGIN, "", *rows, "", END]) + after


def main() -> None:
    TARGET.write_text(text())
    print(f"Drew {TARGET.name}: {len(CLASSES)} classes of records.")


if __name__ == "__main__":
    main()
