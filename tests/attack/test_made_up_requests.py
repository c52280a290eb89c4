"""Requests made up from the API's own description, to every route, as the most trusted of its users."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.attack.cases import REPOSITORY
from tests.installation_server import Client, Installation

schemathesis = pytest.importorskip("schemathesis", reason="`make setup-tests` installs schemathesis")

REQUESTS_A_ROUTE = 4
API = schemathesis.openapi.from_dict(json.loads((REPOSITORY / "web" / "openapi.json").read_text()))
# Of these each would end the session that asks, or change its password.
LEFT_OUT = {("/api/session", "delete"), ("/api/session/password", "put")}
MADE_UP = settings(
    max_examples=REQUESTS_A_ROUTE,
    database=None,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def asking(operation: Any, url: str, cookies: dict[str, str], crashed: list[str]) -> Callable[[], None]:
    @given(case=operation.as_strategy())
    @MADE_UP
    def ask(case: Any) -> None:
        answer = case.call(base_url=url, headers={"X-Teleconsult": "1"}, cookies=cookies, timeout=60)
        if answer.status_code >= 500 and answer.status_code != 503:
            crashed.append(f"{answer.status_code} {case.as_curl_command()[:500]}")

    return ask


@pytest.mark.timeout(600)
def test_no_made_up_request_is_an_error_of_ours(installation_without_models: Installation) -> None:
    crashed: list[str] = []
    for username in ("admin", "clinician"):
        client: Client = installation_without_models.sign_in(username)
        for result in API.get_all_operations():
            operation = result.ok()
            if (operation.path, operation.method) not in LEFT_OUT:
                asking(operation, installation_without_models.url, dict(client.http.cookies), crashed)()
    assert not crashed, "\n".join(crashed)
