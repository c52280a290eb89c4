"""What the audit log says in codes has words on the privacy officer's page, in both languages."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts

from inference.model_version import State
from inference.model_watch import AlarmLevel
from signaling.recorder.kept_recordings import RetentionClass
from teleconsult.app import API_ROUTERS
from teleconsult.archives.retrieval import RetrievalEvent
from teleconsult.audit.trail import is_about_patients
from teleconsult.consults.consult import Event
from teleconsult.critical_results.critical_result import CriticalEvent
from teleconsult.dicom_peers.repository import REJECTED
from teleconsult.findings.finding_record import DecisionStatus
from teleconsult.settings import REPOSITORY
from teleconsult.studies.reading_routes import ReadingWish
from tests.audit_words_written import PUT_TOGETHER, UNREADABLE, actions, details

WORDS = REPOSITORY / "web" / "src" / "audit" / "words"
LANGUAGES = ("en", "zh-CN")
# What is put together of a beginning and one of these.
ENDINGS: dict[str, Iterable[str]] = {
    "consult-*": Event,
    "critical-result-*": CriticalEvent,
    "finding-*": DecisionStatus,
    "model-*": (*State, "added", "evaluated"),
    "model-alarm-*": AlarmLevel,
    "reading-*": ReadingWish,
    "recording-kept-as-*": RetentionClass,
    "retrieval-*": RetrievalEvent,
}
# What stands in no call: the trail around the routes, and what is decided elsewhere.
ELSEWHERE = {
    "viewed", "searched", "changed", "refused", REJECTED,
    "key-image-marked", "key-image-restored", "key-image-changed",
}  # fmt: skip


def words(language: str) -> dict[str, Any]:
    known: dict[str, Any] = json.loads((WORDS / f"{language}.json").read_text())
    return known


def written() -> set[str]:
    found = {said for _, said in actions()}
    together = {said for said in found if PUT_TOGETHER in said}
    assert together == set(ENDINGS), "say with what it is put together"
    plain = {said for said in found - together if not said.startswith(UNREADABLE)}
    ends = {said.replace(PUT_TOGETHER, end) for said in together for end in ENDINGS[said]}
    return plain | ends | ELSEWHERE


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_action_that_the_code_writes_has_words(language: str) -> None:
    found = written()
    assert len(found) > 180 and found - words(language)["action"].keys() == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_detail_that_the_code_writes_has_a_name_in_words(language: str) -> None:
    found = details()
    assert len(found) > 60 and found - words(language)["field"].keys() == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_route_of_which_the_trail_writes_has_words(language: str) -> None:
    routes = {
        getattr(route.original_route, "name", "")
        for router in API_ROUTERS
        for route in iter_route_contexts(router.routes)
        if route.methods and is_about_patients(route.path or "")
    }
    elsewhere = {"live", "ready", "show_status", "read_security_txt"}  # not below /api or /dicom-web
    assert len(routes) > 100 and routes - elsewhere - words(language)["value"]["what"].keys() == set()


def test_both_languages_have_words_for_the_same_codes() -> None:
    def keys(node: object, path: str = "") -> set[str]:
        if not isinstance(node, dict):
            assert isinstance(node, str) and node.strip(), path
            return {path}
        return {one for name, inner in node.items() for one in keys(inner, f"{path}/{name}")}

    assert keys(words("en")) == keys(words("zh-CN"))
