"""How many processes read with a model."""

import pytest

from teleconsult.services import WorkersUnclear, worker_counts

MODELS = ["lung_nodule_ct", "mammography"]


def test_each_model_has_one_worker_unless_more_are_asked_for() -> None:
    assert worker_counts({}, MODELS) == {"lung_nodule_ct": 1, "mammography": 1}
    asked = {"TELECONSULT_WORKERS": " lung_nodule_ct:2, "}
    assert worker_counts(asked, MODELS) == {"lung_nodule_ct": 2, "mammography": 1}


@pytest.mark.parametrize(
    "asked", ["lung_nodule_ct", "lung_nodule_ct:0", "lung_nodule_ct:two", "lung_nodule_ct:-1", "brain:2", "2"]
)
def test_what_is_not_understood_is_named(asked: str) -> None:
    with pytest.raises(WorkersUnclear, match=asked):
        worker_counts({"TELECONSULT_WORKERS": f"mammography:1,{asked}"}, MODELS)
