"""Under which licence a bundle comes, and whether that needs an administrator's word.

Source: SPDX licence list; MONAI model zoo, which asks for a LICENSE file in each bundle.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILES = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "docs/license.txt", "docs/LICENSE")
MAX_BYTES = 256 * 1024

# Any hospital may use, change and pass on what comes under these.
ACCEPTED = frozenset(
    {"Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "CC0-1.0", "CC-BY-3.0", "CC-BY-4.0"}
)

# Phrases that all stand in a licence's text, the more special first.
TEXTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Apache-2.0",
        ("apache license", "version 2.0", "grant of copyright license", "grant of patent license"),
    ),
    ("MIT", ("permission is hereby granted, free of charge", 'the software is provided "as is"')),
    (
        "BSD-3-Clause",
        (
            "redistribution and use in source and binary forms",
            "neither the name",
            "this software is provided",
        ),
    ),
    ("BSD-2-Clause", ("redistribution and use in source and binary forms", "this software is provided")),
    ("ISC", ("permission to use, copy, modify, and/or distribute this software for any purpose",)),
    ("CC-BY-NC-4.0", ("creative commons attribution-noncommercial 4.0",)),
    ("CC-BY-NC-SA-4.0", ("creative commons attribution-noncommercial-sharealike 4.0",)),
    ("CC-BY-SA-4.0", ("creative commons attribution-sharealike 4.0",)),
    ("CC-BY-4.0", ("creative commons attribution 4.0 international",)),
    ("CC0-1.0", ("cc0 1.0 universal",)),
    ("GPL-3.0-only", ("gnu general public license", "version 3")),
)
# A known text with such words in or behind it is another licence.
LIMITS = re.compile(
    r"non-?\s?commercial|research (use|purposes) only|academic use|not be used for (clinical|commercial)",
    re.I,
)


def licence_of(folder: Path, metadata: Mapping[str, Any]) -> str | None:
    """Return the SPDX identifier of a bundle's licence: of its LICENSE file, or as its metadata says.

    Where both say something they must agree; None: there is none, or none that we know.
    """
    said = metadata.get("license", metadata.get("licence"))
    named = said.strip()[:64] if isinstance(said, str) and said.strip() else None
    text = next((t for file in FILES if (t := _text(folder / file)) is not None), None)
    if text is None:
        return named
    found = identify(text)
    return found if named is None or found == named else None


def identify(text: str) -> str | None:
    """Return the SPDX identifier of a licence by its text; None: we know none such, or it was changed."""
    plain = re.sub(r"\s+", " ", text.replace("“", '"').replace("”", '"')).lower()
    known = next((spdx for spdx, phrases in TEXTS if all(phrase in plain for phrase in phrases)), None)
    return known if known is None or known not in ACCEPTED or not LIMITS.search(plain) else None


def needs_acceptance(licence: str | None) -> bool:
    return licence not in ACCEPTED


def _text(path: Path) -> str | None:
    try:
        return path.read_bytes()[:MAX_BYTES].decode("utf-8", errors="replace") if path.is_file() else None
    except OSError:
        return None
