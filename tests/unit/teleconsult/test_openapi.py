"""The front end's types are made from web/openapi.json: it must say what the application does."""

import json
from pathlib import Path

from teleconsult.app import describe_api

WRITTEN = Path(__file__).resolve().parents[3] / "web" / "openapi.json"


def test_the_written_description_is_the_applications_own() -> None:
    assert json.loads(WRITTEN.read_text()) == json.loads(json.dumps(describe_api().openapi())), (
        "run `make openapi`"
    )
