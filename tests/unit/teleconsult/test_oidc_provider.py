"""The file in which hospitals' identity providers are listed."""

import json
from pathlib import Path
from typing import Any

import pytest

from teleconsult.identity.oidc_provider import providers_from

ONE: dict[str, Any] = {
    "id": "county",
    "name_en": "County hospital",
    "name_zh": "县医院",
    "issuer": "https://login.example/realms/county",
    "client_id": "teleconsult",
    "institution": "County",
    "roles": {"doctors": ["grassroots-clinician"]},
}


def listed(folder: Path, content: Any) -> Path:
    file = folder / "providers.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return file


def test_without_a_file_there_are_none() -> None:
    assert providers_from(None) == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "no JSON"),
        ("{}", "list"),
        ([ONE | {"issuer": "http://login.example"}], "https"),
        ([ONE | {"issuer": "https://login.example/?a=b"}], "https"),
        ([ONE | {"roles": {"doctors": ["king"]}}], "roles"),
        ([ONE | {"id": "Not this"}], "id"),
        ([ONE | {"secret": "misspelt"}], "secret"),
        ([{"id": "county"}], "name_en"),
        ([ONE, ONE], "alike"),
    ],
)
def test_a_file_that_does_not_hold_is_refused_with_what_is_wrong(
    tmp_path: Path, content: Any, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        providers_from(listed(tmp_path, content))


def test_a_secret_does_not_stand_in_the_refusal(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="client_authentication") as refused:
        file = listed(tmp_path, [ONE | {"client_secret": "hidden", "client_authentication": "hidden"}])
        providers_from(file)
    assert "hidden" not in str(refused.value)


def test_names_are_cut_to_what_an_account_holds(tmp_path: Path) -> None:
    (provider,) = providers_from(listed(tmp_path, [ONE]))
    claims = {"sub": "1", "preferred_username": " Wang " + "x" * 100, "name": "n" * 300}
    assert len(provider.username_of(claims)) == 64 and provider.username_of(claims).endswith("@county")
    assert len(provider.display_name_of(claims)) == 200
    assert provider.username_of({"sub": "1", "preferred_username": " "}) == "1@county"
