"""Check that every relative link and picture in the Markdown files leads somewhere. `make docs` runs it."""

import re
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\(([^)\s]+)\)")
PLACES = ("*.md", "docs/**/*.md", "models/*/docs/*.md", "tests/golden/*/README.md")


def broken_links(page: Path) -> list[str]:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    broken = []
    for target in LINK.findall(text):
        path, _, anchor = target.partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        destination = (page.parent / path).resolve() if path else page
        leads_somewhere = destination.exists() and (not anchor or anchor in anchors(destination))
        if not leads_somewhere:
            broken.append(target)
    return broken


def anchors(page: Path) -> set[str]:
    """The names that headings get on the usual code hosts."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def main() -> int:
    pages = sorted({page for place in PLACES for page in REPOSITORY.glob(place)})
    wrong = [f"{page.relative_to(REPOSITORY)}: {link}" for page in pages for link in broken_links(page)]
    print("\n".join(wrong) if wrong else f"All links of {len(pages)} pages lead somewhere.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
