"""A planned examination moves along its table, and is told to a scanner in the scanner's time."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from teleconsult.errors import IllegalTransition
from teleconsult.scheduled_procedures.scheduled_procedure import (
    TRANSITIONS,
    ProcedureEvent,
    ProcedureStatus,
    ScheduledProcedure,
)

LATE_EVENING = datetime(2026, 11, 25, 20, 30, tzinfo=UTC)


def a_procedure(status: ProcedureStatus = ProcedureStatus.SCHEDULED) -> ScheduledProcedure:
    return ScheduledProcedure(
        id="1",
        institution_id="institution",
        patient_id="P-1",
        patient_name="王芳",
        patient_birth_date=None,
        patient_sex=None,
        accession_number="A-1",
        study_instance_uid="1.2.3",
        procedure_description=None,
        modality="CT",
        scheduled_station_ae_title=None,
        scheduled_at=LATE_EVENING,
        performing_physician_name=None,
        status=status,
        created_by=None,
        created_at=LATE_EVENING,
    )


REFUSED = [
    (status, event) for status, row in TRANSITIONS.items() for event in ProcedureEvent if event not in row
]


def test_every_status_has_a_row() -> None:
    assert set(TRANSITIONS) == set(ProcedureStatus)


@pytest.mark.parametrize(("status", "event"), REFUSED)
def test_a_step_the_table_lacks_is_refused(status: ProcedureStatus, event: ProcedureEvent) -> None:
    with pytest.raises(IllegalTransition):
        a_procedure(status).apply(event)


def test_a_scanner_is_told_its_own_day_and_hour() -> None:
    entry = a_procedure().worklist_entry(ZoneInfo("Asia/Shanghai"))

    assert f"{entry.scheduled_at:%Y-%m-%d %H:%M}" == "2026-11-26 04:30"
