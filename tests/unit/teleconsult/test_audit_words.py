"""Every action in the audit log has words on the privacy officer's page, in both languages."""

import json
import re

import pytest

from teleconsult.settings import REPOSITORY

WORDS = REPOSITORY / "web" / "src" / "locales"
SAID = re.compile(r'action="([a-z-]+)"|(?:_audit|\brecord)\([^\n]*?"([a-z]+-[a-z-]+)"')


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_action_that_the_code_writes_has_words(language: str) -> None:
    sources = [file.read_text() for file in (REPOSITORY / "teleconsult").rglob("*.py")]
    written = {next(filter(None, found)) for source in sources for found in SAID.findall(source)}
    known = json.loads((WORDS / language / "audit.json").read_text())["action"]
    assert len(written) > 60 and written - known.keys() == set()
