"""The job table under lost workers, doubled deliveries and late results, on both real databases."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from imaging.finding import Finding, FindingKind
from inference.inference_job import (
    LEASE_S,
    MAX_ATTEMPTS,
    MAX_SERVER_ENDS,
    TRY_AGAIN_AFTER_S,
    JobStatus,
    Lease,
    Priority,
)
from inference.repository import JobRepository
from inference.slabs import Slab, Slice
from storage.database import Database
from storage.tables import findings, inference_jobs, institutions, patients, studies
from tests.databases import NewDatabase

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(seconds=LEASE_S + 1)


@pytest.fixture
def database(new_database: NewDatabase) -> Database:
    return a_database(new_database)


def a_database(new_database: NewDatabase) -> Database:
    database = new_database()
    with database.transaction() as connection:
        connection.execute(insert(institutions).values(id="i", name_en="I", name_zh="I", position=0))
        connection.execute(insert(patients).values(id="p", institution_id="i", patient_id="1", name="N"))
        connection.execute(
            insert(studies).values(
                study_instance_uid="1.2", patient_id="p", institution_id="i", received_at=NOON
            )
        )
    return database


def a_job(database: Database, instances: tuple[str, ...] = ("1.2.3.1", "1.2.3.2")) -> str | None:
    with database.transaction() as connection:
        return JobRepository(database).request(
            connection,
            study_instance_uid="1.2",
            series_instance_uid="1.2.3",
            model="lung_nodule_ct",
            sop_instance_uids=instances,
            at=NOON,
        )


def slabs_of(database: Database, *inputs: tuple[int, str], complete: bool = False, **options: Any) -> int:
    with database.transaction() as connection:
        return JobRepository(database).request_slabs(
            connection,
            study_instance_uid="1.2",
            series_instance_uid="1.2.3",
            model="lung_nodule_ct",
            slabs=[Slab(index, (Slice(float(index), uid, "o"),)) for index, uid in inputs],
            at=NOON,
            complete=complete,
            **options,
        )


def another_study(database: Database, uid: str, priority: Priority, at: datetime = NOON) -> str:
    with database.transaction() as connection:
        connection.execute(
            insert(studies).values(
                study_instance_uid=uid, patient_id="p", institution_id="i", received_at=NOON
            )
        )
        job = JobRepository(database).request(
            connection,
            study_instance_uid=uid,
            series_instance_uid=f"{uid}.1",
            model="lung_nodule_ct",
            sop_instance_uids=["1"],
            at=at,
            priority=priority,
        )
    assert job is not None
    return job


def a_finding(probability: float = 0.9) -> Finding:
    return Finding(
        kind=FindingKind.NODULE,
        probability=probability,
        threshold=0.5,
        study_instance_uid="1.2",
        series_instance_uid="1.2.3",
        sop_instance_uid="1.2.3.1",
        centre_lps_mm=(1.0, 2.0, 3.0),
        box_lps_mm=(0.0, 1.0, 2.0, 2.0, 3.0, 4.0),
        box_px=(10.0, 10.0, 20.0, 20.0),
        diameter_mm=8.0,
        model="lung_nodule_ct",
        model_version="0.1.0",
        weights_sha256="0" * 64,
    )


def stored(database: Database) -> list[Any]:
    with database.reading() as connection:
        return list(connection.execute(select(findings)).all())


def status(database: Database) -> str:
    with database.reading() as connection:
        return str(connection.execute(select(inference_jobs.c.status)).scalar())


def test_the_same_instances_make_no_second_job(database: Database) -> None:
    assert a_job(database) is not None
    assert a_job(database, ("1.2.3.2", "1.2.3.1")) is None


def test_a_series_that_grew_gets_a_new_job_and_the_old_one_is_called_off(database: Database) -> None:
    jobs = JobRepository(database)
    first = a_job(database)
    assert first is not None
    lease = jobs.lease(first, NOON)
    assert lease is not None
    assert a_job(database, ("1.2.3.1", "1.2.3.2", "1.2.3.3")) is not None
    assert not jobs.publish(lease, [a_finding()], NOON)
    assert stored(database) == []


def test_a_job_is_leased_to_one_worker_at_a_time(database: Database) -> None:
    jobs, job = JobRepository(database), a_job(database)
    assert job is not None
    assert jobs.lease(job, NOON) is not None
    assert jobs.lease(job, NOON + timedelta(seconds=1)) is None
    assert jobs.lease(job, LATER) is not None


def test_workers_that_ask_at_the_same_moment_get_one_lease(database: Database) -> None:
    jobs, job, workers = JobRepository(database), a_job(database), 4
    assert job is not None
    for round_ in range(10):
        at, ready = NOON + round_ * (LATER - NOON), Barrier(workers)

        def ask(_worker: int, at: datetime = at, ready: Barrier = ready) -> Lease | None:
            ready.wait(30)
            return jobs.lease(job, at)

        with ThreadPoolExecutor(workers) as pool:
            leases = [lease for lease in pool.map(ask, range(workers)) if lease is not None]
        assert len(leases) == 1
        jobs.release(leases[0], at, tried=False)


def test_a_series_that_arrives_twice_at_the_same_moment_makes_one_job(database: Database) -> None:
    for round_ in range(10):
        ready = Barrier(4)

        def arrive(_time: int, last: str = f"1.2.3.{round_ + 2}", ready: Barrier = ready) -> str | None:
            ready.wait(30)
            return a_job(database, ("1.2.3.1", last))

        with ThreadPoolExecutor(4) as pool:
            made = [job for job in pool.map(arrive, range(4)) if job is not None]
        assert len(made) == 1
        with database.reading() as connection:
            open_jobs = connection.execute(
                select(inference_jobs.c.id).where(inference_jobs.c.status == JobStatus.REQUESTED)
            )
            assert [row.id for row in open_jobs] == made


def test_a_worker_that_lost_its_lease_cannot_publish(database: Database) -> None:
    jobs, job = JobRepository(database), a_job(database)
    assert job is not None
    slow, quick = jobs.lease(job, NOON), jobs.lease(job, LATER)
    assert slow is not None and quick is not None
    assert not jobs.renew(slow, LATER, 0.5, "detect")
    assert jobs.publish(quick, [a_finding()], LATER)
    assert not jobs.publish(slow, [a_finding(0.1)], LATER)
    assert [row.record["probability"] for row in stored(database)] == [0.9]


def test_a_job_that_kills_its_worker_is_failed_with_a_reason_and_not_tried_for_ever(
    database: Database,
) -> None:
    jobs, job = JobRepository(database), a_job(database)
    assert job is not None
    at = NOON
    for _ in range(MAX_ATTEMPTS):
        assert jobs.lease(job, at) is not None
        at += timedelta(seconds=LEASE_S + 1)
    assert jobs.lease(job, at) is None
    assert status(database) == JobStatus.FAILED


def test_ends_of_the_whole_server_cost_a_study_no_attempt_until_they_are_many(database: Database) -> None:
    jobs, job = JobRepository(database), a_job(database)
    assert job is not None
    for _ in range(MAX_SERVER_ENDS):
        lost = jobs.lease(job, NOON)
        assert lost is not None and lost.attempt == 1
        assert jobs.take_back_all() == 1
        assert not jobs.renew(lost, NOON, 0.5, "detect"), "a worker that outlived its server has lost it"
    assert jobs.lease(job, NOON) is None
    assert status(database) == JobStatus.FAILED


def test_a_worker_that_begins_anew_frees_what_it_had_in_hand_and_no_other_does(database: Database) -> None:
    one, other = JobRepository(database, "lung_nodule_ct"), JobRepository(database, "lung_nodule_ct-2")
    job = a_job(database)
    assert job is not None
    assert one.lease(job, NOON) is not None
    assert other.take_back_own() == 0 and other.lease(job, NOON) is None
    assert one.take_back_own() == 1
    again = other.lease(job, NOON)
    assert again is not None and again.attempt == 2


def test_taking_back_leaves_what_is_finished_or_waits_as_it_is(database: Database) -> None:
    jobs, job = JobRepository(database), a_job(database)
    assert job is not None
    assert jobs.take_back_all() == 0
    lease = jobs.lease(job, NOON)
    assert lease is not None and jobs.publish(lease, [a_finding()], NOON)
    assert jobs.take_back_all() == 0
    assert status(database) == JobStatus.COMPLETED


def test_a_job_given_back_because_the_archive_is_away_costs_no_attempt(database: Database) -> None:
    jobs, job = JobRepository(database), a_job(database)
    assert job is not None
    for _ in range(2 * MAX_ATTEMPTS):
        lease = jobs.lease(job, NOON)
        assert lease is not None
        jobs.release(lease, NOON, tried=False)
    assert status(database) == JobStatus.REQUESTED


def test_a_waiting_job_is_nudged_once_and_again_only_after_a_while(database: Database) -> None:
    jobs, job = JobRepository(database), a_job(database)
    assert [due for due, _ in jobs.due_for_nudge(NOON, 30)] == [job]
    assert jobs.due_for_nudge(NOON + timedelta(seconds=29), 30) == []
    assert [due for due, _ in jobs.due_for_nudge(NOON + timedelta(seconds=31), 30)] == [job]


def test_a_clock_that_was_set_back_by_an_hour_holds_no_job_up_and_doubles_no_result(
    database: Database,
) -> None:
    jobs, job, before = JobRepository(database), a_job(database), NOON - timedelta(hours=1)
    assert job is not None
    assert [due for due, _ in jobs.due_for_nudge(NOON, 30)] == [job]
    dead = jobs.lease(job, NOON)
    assert dead is not None
    assert [due for due, _ in jobs.due_for_nudge(before, 30)] == [job]
    lease = jobs.lease_next("lung_nodule_ct", before)
    assert lease is not None
    assert jobs.lease(job, before) is None
    assert jobs.publish(lease, [a_finding()], before)
    assert not jobs.publish(dead, [a_finding()], before)
    assert len(stored(database)) == 1


def test_an_emergency_is_taken_before_twenty_routine_slabs_that_came_first(database: Database) -> None:
    jobs = JobRepository(database)
    slabs_of(database, *((index, f"1.2.3.{index}") for index in range(20)))
    running = jobs.lease_next("lung_nodule_ct", NOON)
    assert running is not None and running.slab is not None
    emergency = another_study(database, "1.3", Priority.EMERGENCY, NOON + timedelta(seconds=1))
    assert jobs.finish_slab(running, {}, NOON)
    taken = jobs.lease_next("lung_nodule_ct", NOON + timedelta(seconds=2))
    assert taken is not None
    assert taken.job_id == emergency


def test_a_series_is_put_together_only_once_none_of_its_slabs_is_still_to_be_read(database: Database) -> None:
    jobs = JobRepository(database)
    slabs_of(database, (0, "a"), (1, "b"))
    whole = a_job(database)
    first, second = (jobs.lease_next("lung_nodule_ct", NOON) for _ in range(2))
    assert first is not None and second is not None
    jobs.finish_slab(first, {"index": 0}, NOON)
    assert jobs.lease_next("lung_nodule_ct", NOON) is None
    jobs.finish_slab(second, {"index": 1}, NOON)
    last = jobs.lease_next("lung_nodule_ct", NOON)
    assert last is not None
    assert last.job_id == whole
    assert sorted(reading["index"] for reading in jobs.slab_readings("1.2.3", "lung_nodule_ct")) == [0, 1]


def test_a_slab_that_got_another_slice_is_read_again_and_the_others_are_not(database: Database) -> None:
    assert slabs_of(database, (0, "a"), (1, "b")) == 2
    assert slabs_of(database, (0, "a"), (1, "b")) == 0
    assert slabs_of(database, (0, "a"), (1, "b and late")) == 1
    jobs = JobRepository(database)
    taken = [jobs.lease_next("lung_nodule_ct", NOON) for _ in range(3)]
    assert [t.slab.slices[0].sop_instance_uid for t in taken if t and t.slab] == ["a", "b and late"]


def test_a_worker_that_lost_a_slab_writes_nothing(database: Database) -> None:
    jobs = JobRepository(database)
    slabs_of(database, (0, "a"))
    slow, quick = jobs.lease_next("lung_nodule_ct", NOON), jobs.lease_next("lung_nodule_ct", LATER)
    assert slow is not None and quick is not None
    assert jobs.finish_slab(quick, {"by": "quick"}, LATER)
    assert not jobs.finish_slab(slow, {"by": "slow"}, LATER)
    assert jobs.slab_readings("1.2.3", "lung_nodule_ct") == [{"by": "quick"}]


def test_a_slab_that_kills_its_workers_is_given_up_and_the_series_says_why(database: Database) -> None:
    jobs, at = JobRepository(database), NOON
    slabs_of(database, (0, "a"))
    whole = a_job(database)
    for _ in range(MAX_ATTEMPTS):
        lease = jobs.lease_next("lung_nodule_ct", at)
        assert lease is not None and lease.slab is not None
        at += timedelta(seconds=LEASE_S + 1)
    assert jobs.failed_slab("1.2.3", "lung_nodule_ct") is None
    last = jobs.lease_next("lung_nodule_ct", at)
    assert last is not None
    assert last.job_id == whole
    reason = jobs.failed_slab("1.2.3", "lung_nodule_ct")
    assert reason is not None
    assert reason["code"] == "analysis-gave-up"


def test_a_study_that_was_stopped_is_not_published_and_can_be_asked_for_again(database: Database) -> None:
    jobs, job = JobRepository(database), a_job(database)
    slabs_of(database, (0, "a"))
    assert job is not None
    lease = jobs.lease(job, NOON)
    assert lease is not None
    with database.transaction() as connection:
        assert jobs.stop(connection, "1.2", {"code": "analysis-stopped"}, NOON) == 2
    assert not jobs.renew(lease, NOON, 0.5, "detect")
    assert not jobs.publish(lease, [a_finding()], NOON)
    assert jobs.lease_next("lung_nodule_ct", LATER) is None
    with database.transaction() as connection:
        assert jobs.ask_again(connection, "1.2") == 2
    slab = jobs.lease_next("lung_nodule_ct", LATER)
    assert slab is not None and slab.slab is not None


def test_a_job_that_ended_in_an_error_is_left_alone_for_a_while(database: Database) -> None:
    jobs, job = JobRepository(database), a_job(database)
    assert job is not None
    lease = jobs.lease_next("lung_nodule_ct", NOON)
    assert lease is not None
    jobs.release(lease, NOON, tried=True)
    assert jobs.lease_next("lung_nodule_ct", NOON + timedelta(seconds=1)) is None
    assert jobs.lease_next("lung_nodule_ct", NOON + timedelta(seconds=TRY_AGAIN_AFTER_S)) is not None


def test_a_job_is_as_far_as_its_slabs(database: Database) -> None:
    jobs = JobRepository(database)
    slabs_of(database, (0, "a"), (1, "b"), complete=True)
    a_job(database)
    lease = jobs.lease_next("lung_nodule_ct", NOON)
    assert lease is not None
    jobs.finish_slab(lease, {}, NOON)
    with database.reading() as connection:
        (job,) = jobs.of_study(connection, "1.2")
        assert jobs.slabs_read(connection, ["1.2"]) == {"1.2": (1, 2)}
    assert job.status is JobStatus.IN_PROGRESS
    assert 0.4 < job.progress < 0.5


def test_what_a_consult_calls_urgent_moves_forward_and_shadow_runs_stay_last(database: Database) -> None:
    jobs = JobRepository(database)
    routine = another_study(database, "1.3", Priority.ROUTINE)
    another_study(database, "1.4", Priority.SHADOW)
    later = another_study(database, "1.5", Priority.ROUTINE, LATER)
    with database.transaction() as connection:
        jobs.set_priority(connection, ["1.4", "1.5"], Priority.URGENT)
    order = [lease.job_id for _ in range(3) if (lease := jobs.lease_next("lung_nodule_ct", LATER))]
    assert order[:2] == [later, routine]


STEPS = st.lists(
    st.tuples(st.sampled_from(["lease", "publish", "fail", "release", "wait"]), st.integers(0, 3)),
    max_size=25,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_whatever_the_workers_do_the_result_is_written_at_most_once(
    new_database: NewDatabase, steps: list[tuple[str, int]]
) -> None:
    database = a_database(new_database)
    jobs, job, at = JobRepository(database), a_job(database), NOON
    assert job is not None
    leases: dict[int, Lease] = {}
    published = 0
    for step, worker in steps:
        lease = leases.get(worker)
        if step == "lease":
            taken = jobs.lease(job, at)
            leases |= {worker: taken} if taken else {}
        elif step == "wait":
            at += timedelta(seconds=LEASE_S / 2)
        elif lease is not None and step == "publish":
            published += jobs.publish(lease, [a_finding()], at)
        elif lease is not None and step == "fail":
            jobs.fail(lease, {"code": "x", "en": "x", "zh": "x"}, at)
        elif lease is not None:
            jobs.release(lease, at, tried=True)
    assert published <= 1
    assert len(stored(database)) == published
    database.close()


def dated(database: Database, uid: str, on: str | None, patient: str = "p") -> None:
    with database.transaction() as connection:
        connection.execute(
            update(studies)
            .where(studies.c.study_instance_uid == uid)
            .values(study_date=on, patient_id=patient)
        )


def read(database: Database, job: str, found: list[Finding]) -> None:
    jobs = JobRepository(database)
    lease = jobs.lease(job, NOON)
    assert lease is not None and jobs.publish(lease, found, NOON)


def test_the_prior_is_the_newest_earlier_study_of_the_patient_that_was_read(database: Database) -> None:
    jobs = JobRepository(database)
    for uid, on in (("2.1", "2024-01-01"), ("2.2", "2025-01-01"), ("2.4", "2026-06-01")):
        finding = replace(a_finding(), study_instance_uid=uid)
        read(database, another_study(database, uid, Priority.ROUTINE), [finding])
        dated(database, uid, on)
    another_study(database, "2.3", Priority.ROUTINE)  # never read
    dated(database, "2.3", "2025-06-01")
    assert jobs.prior_of("1.2", "lung_nodule_ct") is None  # its own date is not known
    dated(database, "1.2", "2026-01-01")
    prior = jobs.prior_of("1.2", "lung_nodule_ct")
    assert prior is not None
    assert (prior.study_instance_uid, prior.interval_days) == ("2.2", 365)
    assert [each.diameter_mm for each in prior.findings] == [8.0]
    assert jobs.prior_of("1.2", "mammography") is None


def test_what_a_reader_rejected_on_the_prior_is_not_compared_with(database: Database) -> None:
    finding = replace(a_finding(), study_instance_uid="2.1")
    read(database, another_study(database, "2.1", Priority.ROUTINE), [finding])
    dated(database, "2.1", "2025-01-01")
    dated(database, "1.2", "2026-01-01")
    with database.transaction() as connection:
        connection.execute(update(findings).values(status="rejected"))
    prior = JobRepository(database).prior_of("1.2", "lung_nodule_ct")
    assert prior is not None and prior.findings == []


def test_studies_of_merged_patients_are_of_one_patient(database: Database) -> None:
    read(database, another_study(database, "2.1", Priority.ROUTINE), [])
    with database.transaction() as connection:
        connection.execute(
            insert(patients).values(id="q", institution_id="i", patient_id="2", name="N", merged_into="p")
        )
    dated(database, "2.1", "2025-01-01", patient="q")
    dated(database, "1.2", "2026-01-01")
    assert JobRepository(database).prior_of("1.2", "lung_nodule_ct") is not None
