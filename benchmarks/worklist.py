"""Measure pages of the worklist on PostgreSQL with a million studies, as the app reads them, rights included.

    python -m benchmarks.worklist [STUDIES [ROUNDS]]

The database is filled by SQL, with the triggers off, and its worklist made from it by the same statement as
the triggers'. Each query is the route's whole work: choose the rows, count them up to a thousand on the first
page, and say what a row shows. The web server and the network are not in it. The newest studies, which pages
show, have images; a million studies' images would be 600 million rows.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select, text

from benchmarks.result import figure, write_result
from inference.repository import JobRepository
from storage import tables, worklist_index
from storage.database import Database, utc_now
from storage.tables import patients, worklist_items
from teleconsult.consults.repository import ConsultRepository
from teleconsult.findings.repository import FindingRepository
from teleconsult.studies.repository import StudyRepository
from teleconsult.users.repository import UserRepository
from teleconsult.users.user import User
from teleconsult.worklist.repository import Page, WorklistRepository
from teleconsult.worklist.schemas import rows_out
from teleconsult.worklist.worklist_filter import RowState, Sort, WorklistFilter
from tests.postgresql_server import PostgresqlServer

GOAL_MS = 100.0
INSTITUTIONS = 40  # the first has a third of all studies, the second a sixth, the others share the rest
SHARED_BUFFERS = "1GB"  # a quarter of a small server's memory, as PostgreSQL's manual advises
WITH_IMAGES = 1_500  # the newest studies

# Chance in SQL that is the same in every run: a hash of the number and of what it is for.
_CHANCE = "(abs(hashint8extended({n}, {salt})) % 1000000 / 1000000.0)"


def chance(salt: int, n: str = "n") -> str:
    return _CHANCE.format(n=n, salt=salt)


def pick(words: str, salt: int, n: str = "n") -> str:
    """One of the words, the first ones more often, as names and examinations are spread."""
    return (
        f"(string_to_array('{words}', ' '))"
        f"[1 + floor(power({chance(salt, n)}, 2) * {len(words.split())})::int]"
    )


FAMILY = " ".join("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕")
GIVEN = " ".join(
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉"
    "兰萍红鹏飞辉建国文斌宇浩凯健俊帆雪婷慧莹琳佳欣梅云"
)
ENGLISH = "Li Wang Chen Smith Johnson Abdulla Tursun Brown Zhao Garcia Ahmat Kim Nguyen Miller Osman Dawut"
FIRST = "Ming Wei Anna John Mary Gulnar Alim Peter Rosa Hong Lan David Aygul Susan Erkin Tom"
MODALITIES = "CT DX CT MR US MG CR PT NM XA"
PARTS = "CHEST ABDOMEN HEAD BREAST KNEE SPINE PELVIS NECK HAND FOOT"
WORDS = "Thorax_low_dose 胸部CT平扫 腹部增强 Head_CT 乳腺钼靶 Knee_MRI 脊柱 颅脑MR Screening 复查"


def fill(connection: Connection, studies: int) -> None:
    """Institutions, people, patients, studies, series, findings and consults, in that order."""
    now = utc_now().isoformat()
    place = f"""CASE WHEN {chance(1)} < 0.34 THEN 0 WHEN {chance(1)} < 0.5 THEN 1
        ELSE 2 + (abs(hashint8extended(n, 2)) % {INSTITUTIONS - 2}) END"""
    second = f"CASE WHEN {chance(5)} < 0.7 THEN {pick(GIVEN, 6)} ELSE '' END"
    chinese = f"{pick(FAMILY, 3)} || {pick(GIVEN, 4)} || {second}"
    english = f"{pick(ENGLISH, 7)} || ' ' || {pick(FIRST, 8)}"
    numbered = "(SELECT *, replace(study_instance_uid, '1.2.826.0.1.', '')::bigint AS n FROM studies) AS one"
    patient_count = max(studies * 2 // 5, 1)
    for statement in (
        "SET session_replication_role = replica",  # no triggers
        f"""INSERT INTO institutions (id, name_en, name_zh, position)
            SELECT 'i' || n, 'Hospital ' || n, '医院' || n, n
            FROM generate_series(0, {INSTITUTIONS - 1}) AS n""",
        f"""INSERT INTO users (id, username, display_name, password_hash, must_change_password, roles,
            specialty, language, institution_id)
            SELECT 'u' || n / 10 || n % 10, 'u' || n, 'Dr ' || n, '-', false, '["radiologist"]', 'radiology',
            'zh-CN',
            'i' || n / 10 FROM generate_series(0, {INSTITUTIONS * 10 - 1}) AS n""",
        f"""INSERT INTO patients (id, institution_id, patient_id, name)
            SELECT 'p' || n, 'i' || {place}, 'MRN' || lpad(n::text, 8, '0'),
            CASE WHEN {chance(9)} < 0.8 THEN {chinese} ELSE {english} END
            FROM generate_series(1, {patient_count}) AS n""",
        f"""INSERT INTO studies (study_instance_uid, patient_id, institution_id, study_date,
            study_description, accession_number, received_at)
            SELECT '1.2.826.0.1.' || n, p.id, p.institution_id, '2026-01-01',
            replace({pick(WORDS, 10)}, '_', ' '), 'A' || n,
            TIMESTAMPTZ '{now}' - ({studies} - n) * INTERVAL '2 minutes'
            FROM generate_series(1, {studies}) AS n
            JOIN patients AS p ON p.id = 'p' || (1 + floor({chance(11)} * {patient_count})::int)""",
        f"""INSERT INTO series (series_instance_uid, study_instance_uid, modality, body_part, last_arrival_at,
            verdict, reasons)
            SELECT '1.3.' || n || '.' || k, '1.2.826.0.1.' || n, {pick(MODALITIES, 12)}, {pick(PARTS, 13)},
            TIMESTAMPTZ '{now}', 'usable', '[]'
            FROM generate_series(1, {studies}) AS n, generate_series(1, 2) AS k WHERE k = 1 OR n % 2 = 0""",
        f"""INSERT INTO instances (sop_instance_uid, series_instance_uid, sop_class_uid, orthanc_id,
            number_of_frames, is_image)
            SELECT series_instance_uid || '.' || i, series_instance_uid, '1.2.840.10008.5.1.4.1.1.2',
            left(md5(series_instance_uid || i), 44), 1, true
            FROM generate_series({studies} - {WITH_IMAGES}, {studies}) AS n
            JOIN series ON study_instance_uid = '1.2.826.0.1.' || n,
            generate_series(
              1, CASE modality WHEN 'CT' THEN 300 WHEN 'MR' THEN 150 WHEN 'MG' THEN 4 ELSE 2 END
            ) AS i""",
        f"""INSERT INTO inference_jobs (id, study_instance_uid, series_instance_uid, model, instances_sha256,
            status, attempts, lease_token, progress, created_at)
            SELECT 'j' || n, '1.2.826.0.1.' || n, '1.3.' || n || '.1', 'lung', 'x' || n, 'completed', 1, 1, 1,
            TIMESTAMPTZ '{now}' FROM generate_series(1, {studies}) AS n WHERE {chance(14)} < 0.3""",
        # What is older than a week has mostly been decided on.
        f"""INSERT INTO findings (id, job_id, study_instance_uid, record, status, version)
            SELECT 'f' || n || '.' || k, 'j' || n, '1.2.826.0.1.' || n,
            json_build_object('probability', round(({chance(15, "n * 7 + k")})::numeric, 3),
              'category', json_build_object('code', {pick("2 3 4A 4B", 16, "n * 7 + k")})),
            CASE WHEN {studies} - n < 5000 OR {chance(17)} < 0.02 THEN 'preliminary'
              WHEN {chance(18)} < 0.6 THEN 'accepted' ELSE 'rejected' END, 1
            FROM generate_series(1, {studies}) AS n, generate_series(1, 2) AS k
            WHERE {chance(14)} < 0.3 AND {chance(19, "n * 7 + k")} < 0.6""",
        # The last week's are mostly unread, a tenth of them taken by somebody.
        f"""INSERT INTO readings (study_instance_uid, assigned_to, read_at)
            SELECT study_instance_uid,
            CASE WHEN {chance(20)} < 0.1 THEN 'u' || replace(institution_id, 'i', '')
              || (abs(hashint8extended(n, 21)) % 10) END,
            CASE WHEN {studies} - n > 5000 AND {chance(22)} > 0.01 THEN TIMESTAMPTZ '{now}' END
            FROM {numbered}""",
        f"""INSERT INTO consults (id, status, version, patient_id, question, urgency, specialty, legal_role,
            requested_by, inviting_institution_id, specialist_id, created_at, history)
            SELECT 'c' || n, CASE WHEN {studies} - n < 2000 THEN 'requested' ELSE 'closed' END, 1, patient_id,
            '请会诊 please advise ' || n, {pick("routine urgent emergency", 23)}, 'radiology', 'consultation',
            'u' || replace(institution_id, 'i', '') || '1',
            institution_id, CASE WHEN {studies} - n < 2000 THEN NULL ELSE 'u00' END, received_at, '[]'
            FROM {numbered}
            WHERE n % 100 = 0 OR ({studies} - n < 2000 AND n % 5 = 0)""",
        """INSERT INTO consult_studies (consult_id, study_instance_uid, added_at)
            SELECT id, '1.2.826.0.1.' || substr(id, 2), created_at FROM consults""",
        """INSERT INTO agreements (id, inviting_institution_id, invited_institution_id, starts_at, ends_at,
            proposed_at, accepted_at)
            SELECT 'a' || id, id, 'i0', now() - INTERVAL '1 day', now() + INTERVAL '9 days', now(), now()
            FROM institutions WHERE id <> 'i0'""",
        """INSERT INTO agreement_scopes (agreement_id, specialty, legal_role)
            SELECT id, 'radiology', 'consultation' FROM agreements""",
        "SET session_replication_role = DEFAULT",
    ):
        began = time.perf_counter()
        connection.exec_driver_sql(statement)
        print(f"{time.perf_counter() - began:6.1f} s  {' '.join(statement.split())[:60]}", flush=True)


class App:
    """What the route has, and as much of its work as is not the web server's."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.jobs = JobRepository(database)
        self.users = UserRepository(database)
        self.studies = StudyRepository()
        self.findings = FindingRepository()
        self.consults = ConsultRepository()
        self.worklist = WorklistRepository(self.consults)

    def read(self, user: User, wanted: WorklistFilter, after: str | None = None) -> tuple[Page, int]:
        now = utc_now()
        with self.database.reading() as connection:
            page = self.worklist.page(connection, user, wanted, now, after, counts=after is None)
            out = rows_out(self, connection, page.rows, user, now)  # type: ignore[arg-type]
        return page, len(out)


def known(connection: Connection, user: User, studies: int) -> tuple[str, str]:
    """The patient number and the accession number of some study of the user's institution."""
    row = connection.execute(
        select(patients.c.patient_id, tables.studies.c.accession_number)
        .join(tables.studies, tables.studies.c.patient_id == patients.c.id)
        .where(
            tables.studies.c.institution_id == user.institution.id,
            tables.studies.c.study_instance_uid > f"1.2.826.0.1.{studies // 2}",
        )
        .order_by(tables.studies.c.study_instance_uid)
        .limit(1)
    ).one()
    return row.patient_id, row.accession_number


def queries(patient_id: str, accession_number: str) -> dict[str, dict[str, Any]]:
    week = datetime.now(UTC) - timedelta(days=7)
    return {
        "first page, most urgent first": {},
        "first page, newest first": {"sort": Sort.NEWEST},
        "first page, by what AI found": {"sort": Sort.AI},
        "first page, longest waiting first": {"sort": Sort.WAITING},
        "modality MG": {"modality": ["MG"], "sort": Sort.NEWEST},
        "body part FOOT and modality NM, rare": {"body_part": ["FOOT"], "modality": ["NM"]},
        "a modality that nobody has": {"modality": ["ES"]},
        "last seven days, unread": {"since": week, "state": [RowState.UNREAD], "sort": Sort.NEWEST},
        "emergencies": {"urgency": ["emergency"]},
        "taken by me": {"assigned": "me"},
        "undecided findings from 4A and 90 %": {
            "undecided": True,
            "min_category": 4.2,
            "min_probability": 0.9,
            "sort": Sort.AI,
        },
        "search, one Chinese character": {"q": "伟"},
        "search, two Chinese characters": {"q": "王伟"},
        "search, three Chinese characters": {"q": "曾建国"},
        "search, a Latin name": {"q": "gulnar"},
        "search, patient number": {"q": patient_id},
        "search, accession number": {"q": accession_number},
        "search, words of a description, unread": {"q": "thorax low", "state": [RowState.UNREAD]},
        "search, nothing found": {"q": "qzxv"},
    }


def used_ms(server: int) -> float:
    """Processor time of this process and of its server process, whatever else the machine does."""
    fields = Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()
    return time.process_time() * 1000 + (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def timed(read: Callable[[], tuple[Page, int]]) -> tuple[float, int]:
    began = time.perf_counter()
    _, shown = read()
    return (time.perf_counter() - began) * 1000, shown


def deep_cursor(app: App, user: User, wanted: WorklistFilter, pages: int) -> str | None:
    after = None
    with app.database.reading() as connection:
        for _ in range(pages):
            after = app.worklist.page(connection, user, wanted, utc_now(), after).next
    return after


def vacuum(database: Database) -> None:
    """What PostgreSQL does by itself some minutes after so many rows: see what is there."""
    raw = database.engine.raw_connection()
    raw.rollback()  # of the pool's look at whether it is still connected
    raw.driver_connection.autocommit = True  # type: ignore[union-attr]
    raw.cursor().execute("VACUUM ANALYZE")
    raw.driver_connection.autocommit = False  # type: ignore[union-attr]
    raw.close()


def main() -> None:
    studies = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    server = PostgresqlServer(shared_buffers=SHARED_BUFFERS).start()
    try:
        database = Database(server.new_database())
        with database.transaction() as connection:
            fill(connection, studies)
        vacuum(database)
        began = time.perf_counter()
        with database.transaction() as connection:
            connection.exec_driver_sql("SET maintenance_work_mem = '1GB'")
            orders = [index for index in worklist_items.indexes if index.name != worklist_index.INDEX]
            for index in orders:
                index.drop(connection)
            worklist_index.refill(connection)
            print(f"{time.perf_counter() - began:6.1f} s  rows and terms of the worklist", flush=True)
            for index in orders:
                index.create(connection)
        refill_s = time.perf_counter() - began
        print(f"{refill_s:6.1f} s  worklist made", flush=True)
        vacuum(database)
        measure(App(database), studies, rounds, refill_s)
        database.close()
    finally:
        server.stop()


def measure(app: App, studies: int, rounds: int, refill_s: float) -> None:
    with app.database.reading() as connection:
        people = app.users.by_ids(connection, ["u00", "u25"])
        patient_id, accession_number = known(connection, people["u00"], studies)
        rows = connection.execute(text("SELECT count(*) FROM worklist_items")).scalar_one()
    big, small = people["u00"], people["u25"]
    tasks: dict[str, Callable[[], tuple[Page, int]]] = {}
    for name, values in queries(patient_id, accession_number).items():
        tasks[name] = partial(app.read, big, WorklistFilter(**values))
    newest = WorklistFilter(sort=Sort.NEWEST)
    deep = deep_cursor(app, big, newest, 200)
    tasks["page 201, newest first"] = lambda: app.read(big, newest, deep)
    tasks["first page at a small hospital"] = lambda: app.read(small, WorklistFilter())
    tasks["two Chinese characters at a small hospital"] = lambda: app.read(small, WorklistFilter(q="王伟"))

    times: dict[str, list[float]] = {name: [] for name in tasks}
    cpu_ms = dict.fromkeys(tasks, 0.0)
    with app.database.reading() as connection:
        server = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    shown: dict[str, int] = {}
    loads = []
    for turn in range(rounds + 2):  # in turns, so that a busy moment falls on all alike; two to warm up
        loads.append(os.getloadavg()[0])
        for name, read in tasks.items():
            began_ms = used_ms(server)
            took, shown[name] = timed(read)
            if turn >= 2:
                times[name].append(took)
                cpu_ms[name] += used_ms(server) - began_ms
    figures = []
    for name, all_took in times.items():
        ordered = sorted(all_took)
        p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
        print(
            f"{statistics.median(ordered):8.1f} {p95:8.1f} ms, {cpu_ms[name] / rounds:6.1f} of processor  "
            f"{shown[name]:3} rows  {name}",
            flush=True,
        )
        figures.append(
            figure(
                f"{name}: 95th percentile",
                p95,
                "ms",
                GOAL_MS,
                at_most=True,
                digits=1,
                median=round(statistics.median(ordered), 1),
                cpu_ms=round(cpu_ms[name] / rounds, 1),
                rows=shown[name],
            )
        )
    worst = max(figures, key=lambda one: one["value"])
    figures.append(figure("studies", studies, "rows"))
    figures.append(figure("rows of the worklist", rows, "rows"))
    figures.append(figure("to make all rows of the worklist anew", refill_s, "s", digits=1))
    print(f"slowest: {worst['what']} {worst['value']} ms; load {min(loads):.1f} to {max(loads):.1f}")
    write_result(
        "worklist",
        figures,
        circumstance=f"others at work (load {min(loads):.1f} to {max(loads):.1f}), {rounds} rounds",
    )


if __name__ == "__main__":
    main()
