"""The worklist's table, derived from the others by triggers: whoever writes, and from whichever process.

A study or a consult has one row for each who always sees it: the institution whose it is, the specialist of
a consult, and whoever gave an opinion in one. So a page is a range of one index, however many rows there are.
Who may see it only while it waits has none: those are few, and the reach of agreements changes with the day.

The triggers are no migration: they are made again, and all rows with them, where they are not the ones that
this file describes (their names carry its digest). So a migration that makes a table anew, and loses its
triggers with it, does no harm.
"""

import hashlib
from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection

FAR_FUTURE: Final = "9999-12-31 00:00:00"
PREFIX: Final = "worklist_"

# A trigger: table, what happens to it, and the studies and consults whose rows it makes anew.
_STUDY = "= {row}.study_instance_uid"
_STUDIES_OF_PATIENT = "IN (SELECT study_instance_uid FROM studies WHERE patient_id = {row}.id)"
_STUDIES_OF_CONSULT = "IN (SELECT study_instance_uid FROM consult_studies WHERE consult_id = {row}.id)"
_STUDIES_OF_SEAT = "IN (SELECT study_instance_uid FROM consult_studies WHERE consult_id = {row}.consult_id)"
_CONSULT = "= {row}.id"
_CONSULTS_OF_PATIENT = "IN (SELECT id FROM consults WHERE patient_id = {row}.id)"
_CONSULTS_OF_STUDY = (
    "IN (SELECT consult_id FROM consult_studies WHERE study_instance_uid = {row}.study_instance_uid)"
)
_TRIGGERS: Final[tuple[tuple[str, str, str | None, str | None], ...]] = (
    ("studies", "INSERT", _STUDY, None),
    (
        "studies",
        "UPDATE OF patient_id, institution_id, study_description, accession_number, received_at, deleted_at",
        _STUDY,
        None,
    ),
    ("series", "INSERT", _STUDY, _CONSULTS_OF_STUDY),
    ("series", "UPDATE OF modality, body_part, study_instance_uid", _STUDY, _CONSULTS_OF_STUDY),
    ("series", "DELETE", _STUDY, _CONSULTS_OF_STUDY),
    ("findings", "INSERT", _STUDY, _CONSULTS_OF_STUDY),
    ("findings", "UPDATE OF status, record, study_instance_uid", _STUDY, _CONSULTS_OF_STUDY),
    ("findings", "DELETE", _STUDY, _CONSULTS_OF_STUDY),
    ("patients", "UPDATE OF name, patient_id", _STUDIES_OF_PATIENT, _CONSULTS_OF_PATIENT),
    ("consults", "INSERT", None, _CONSULT),
    (
        "consults",
        "UPDATE OF status, urgency, question, patient_id, specialist_id",
        _STUDIES_OF_CONSULT,
        _CONSULT,
    ),
    ("consult_studies", "INSERT", _STUDY, "= {row}.consult_id"),
    ("consult_studies", "DELETE", _STUDY, "= {row}.consult_id"),
    ("panel_opinions", "INSERT", _STUDIES_OF_SEAT, "= {row}.consult_id"),
    ("panel_opinions", "UPDATE OF author_id", _STUDIES_OF_SEAT, "= {row}.consult_id"),
    ("panel_opinions", "DELETE", _STUDIES_OF_SEAT, "= {row}.consult_id"),
    ("readings", "INSERT", _STUDY, None),
    ("readings", "UPDATE OF assigned_to, read_at", _STUDY, None),
)

# A class as a number: 4A is 4.2, 4B is 4.4. Class 0 (more pictures are needed) comes before 4 and after 3.
_CATEGORY = """CASE WHEN record -> 'category' ->> 'code' = '0' THEN 3.5
    WHEN substr(record -> 'category' ->> 'code', 1, 1) BETWEEN '1' AND '6'
    THEN CAST(substr(record -> 'category' ->> 'code', 1, 1) AS DOUBLE PRECISION)
      + CASE substr(record -> 'category' ->> 'code', 2, 1)
        WHEN 'A' THEN 0.2 WHEN 'B' THEN 0.4 WHEN 'C' THEN 0.6 WHEN 'X' THEN 0.8 ELSE 0 END
    ELSE 0 END"""
_PROBABILITY = "CAST(record ->> 'probability' AS DOUBLE PRECISION)"
_URGENCY = "CASE urgency WHEN 'emergency' THEN 2 WHEN 'urgent' THEN 1 ELSE 0 END"
_FINISHED = "('closed', 'declined', 'cancelled', 'no-show')"
_WAITING = "('draft', 'requested', 'returned')"
_NOT_SHARED = "('declined', 'cancelled', 'no-show', 'returned')"  # teleconsult.access.NO_LONGER_SHARED

# What both kinds of rows say of their studies: {of} is the condition on study_instance_uid.
_OF_STUDIES = (
    """coalesce((SELECT ' ' || {joined}(modality, ' ') || ' ' FROM (SELECT DISTINCT modality
        FROM series WHERE study_instance_uid {of} ORDER BY modality) AS one), ''),"""
    """coalesce((SELECT '|' || {joined}(upper(body_part), '|') || '|' FROM (SELECT DISTINCT body_part
        FROM series WHERE study_instance_uid {of} AND body_part IS NOT NULL
        ORDER BY body_part) AS one), ''),"""
    """(SELECT count(*) FROM findings WHERE study_instance_uid {of} AND status = 'preliminary'),"""
    + "".join(
        f"""coalesce((SELECT max({what}) FROM findings
        WHERE study_instance_uid {{of}} AND {which}), 0),"""
        for what, which in (
            (_CATEGORY, "status <> 'rejected'"),
            (_PROBABILITY, "status <> 'rejected'"),
            (f"{_CATEGORY} + {_PROBABILITY}", "status = 'preliminary'"),
        )
    )
)
_COLUMNS: Final = (
    *("id", "reader", "kind", "institution_id", "arrived_at", "waiting_since", "urgency", "state"),
    *("assigned_to", "modalities", "body_parts", "undecided", "ai_category", "ai_probability", "ai_urgency"),
    "search_text",
)
# Who gave an opinion in a multidisciplinary consult; the chair is its specialist.
_AUTHORS = """consults JOIN panel_opinions ON panel_opinions.consult_id = consults.id
    AND panel_opinions.specialty <> consults.specialty AND author_id <> requested_by
    AND status NOT IN {not_shared}"""
_READERS_OF_STUDIES = f"""SELECT study_instance_uid AS id, institution_id AS reader FROM studies
    WHERE deleted_at IS NULL AND study_instance_uid {{which}}
    UNION SELECT study_instance_uid, specialist_id FROM consults
    JOIN consult_studies ON consult_studies.consult_id = consults.id
    WHERE specialist_id IS NOT NULL AND status NOT IN {{not_shared}} AND study_instance_uid {{which}}
    UNION SELECT study_instance_uid, author_id FROM {_AUTHORS}
    JOIN consult_studies ON consult_studies.consult_id = consults.id WHERE study_instance_uid {{which}}"""
_READERS_OF_CONSULTS = f"""SELECT id, inviting_institution_id AS reader FROM consults WHERE id {{which}}
    UNION SELECT id, specialist_id FROM consults WHERE specialist_id IS NOT NULL AND id {{which}}
    UNION SELECT consults.id, author_id FROM {_AUTHORS} WHERE consults.id {{which}}"""
_STUDY_ROWS = (
    """SELECT studies.study_instance_uid, reader, 'study', studies.institution_id, received_at,
    CASE WHEN readings.read_at IS NULL THEN received_at ELSE {far_future} END,
    coalesce((SELECT max({urgency}) FROM consults
        JOIN consult_studies ON consult_studies.consult_id = consults.id
        WHERE consult_studies.study_instance_uid = studies.study_instance_uid
        AND status NOT IN {finished} AND status <> 'draft'), 0),
    CASE WHEN readings.read_at IS NULL THEN 'unread' ELSE 'read' END, readings.assigned_to,
    {of_studies}
    {search_text}
    FROM ({readers}) AS readers JOIN studies ON studies.study_instance_uid = readers.id
    JOIN patients ON patients.id = studies.patient_id
    LEFT JOIN readings ON readings.study_instance_uid = studies.study_instance_uid
    WHERE studies.deleted_at IS NULL""",
    "patients.name || ' ' || patients.patient_id || ' ' || coalesce(studies.accession_number, '')"
    " || ' ' || coalesce(studies.study_description, '')",
    "= studies.study_instance_uid",
    _READERS_OF_STUDIES,
)
_CONSULT_ROWS = (
    """SELECT consults.id, reader, 'consult', inviting_institution_id, created_at,
    CASE WHEN status IN {waiting} THEN created_at ELSE {far_future} END,
    CASE WHEN status IN {finished} THEN 0 ELSE {urgency} END,
    CASE WHEN status IN {waiting} THEN 'waiting' WHEN status IN {finished} THEN 'finished' ELSE 'active' END,
    specialist_id,
    {of_studies}
    {search_text}
    FROM ({readers}) AS readers JOIN consults ON consults.id = readers.id
    JOIN patients ON patients.id = consults.patient_id
    WHERE true""",
    "patients.name || ' ' || patients.patient_id || ' ' || question",
    "IN (SELECT study_instance_uid FROM consult_studies WHERE consult_id = consults.id)",
    _READERS_OF_CONSULTS,
)

# What PostgreSQL finds rows by that are few among many: who reads them, what is filtered by, and the grams of
# the text: two characters of Chinese, Japanese or Korean, and one; two and three of any other script. pg_trgm
# finds no word of two characters, needs the right to be created, and what it takes for a letter depends on
# the locale. Terms that are no grams begin with a blank, which no gram has.
_FIRST_WIDE: Final = 0x2E80
INDEXED: Final = (
    *("reader", "kind", "state", "urgency", "assigned_to", "modalities", "body_parts", "undecided"),
    *("ai_category", "ai_probability", "search_text"),
)
INDEX: Final = "ix_worklist_items_terms"
_POSTGRESQL_TERMS = f"""CREATE OR REPLACE FUNCTION worklist_terms(reader text, kind text, state text,
  urgency integer, assigned_to text, modalities text, body_parts text, undecided integer,
  ai_category double precision, ai_probability double precision, words text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  terms text[] := ARRAY[' r' || reader, ' k' || kind, ' s' || state, ' u' || urgency];
  one text;
  letters text[] := string_to_array(words, NULL);
BEGIN
  IF assigned_to IS NOT NULL THEN terms := terms || (' a' || assigned_to); END IF;
  IF undecided > 0 THEN terms := terms || ' undecided'::text; END IF;
  FOREACH one IN ARRAY string_to_array(btrim(modalities), ' ') LOOP terms := terms || (' m' || one); END LOOP;
  FOREACH one IN ARRAY string_to_array(btrim(body_parts, '|'), '|') LOOP
    terms := terms || (' b' || one);
  END LOOP;
  FOR step IN 1..floor(ai_category) LOOP terms := terms || (' c' || step); END LOOP;
  FOR step IN 1..floor(ai_probability * 10) LOOP terms := terms || (' p' || step); END LOOP;
  RETURN terms || ARRAY(
    SELECT gram FROM unnest(letters) WITH ORDINALITY AS of (letter, at),
    LATERAL (VALUES
      (CASE WHEN ascii(letter) >= {_FIRST_WIDE} THEN letter END),
      (letter || letters[at + 1]),
      (CASE WHEN ascii(letter) < {_FIRST_WIDE} THEN letter || letters[at + 1] || letters[at + 2] END)
    ) AS grams (gram)
    WHERE gram IS NOT NULL AND position(' ' in gram) = 0
  );
END $$"""


def grams_of(word: str) -> list[str]:
    """Grams that every text has in which this word stands; none: the word is too short for that.

    One behind the other, and the last: those that overlap would be read too, and find hardly fewer.
    The word has no blank and is as `folded` gives it.
    """
    if len(word) == 1:
        return [word] if ord(word) >= _FIRST_WIDE else []
    sizes = (2 if ord(letter) >= _FIRST_WIDE or len(word) == 2 else 3 for letter in word)
    pieces = [(at, word[at : at + size]) for at, size in enumerate(sizes) if at + size <= len(word)]
    chosen: list[str] = []
    covered = 0
    for at, piece in pieces:
        if at >= covered or at == pieces[-1][0]:
            chosen.append(piece)
            covered = at + len(piece)
    return list(dict.fromkeys(chosen))


def folded(text: str) -> str:
    """Small letters where they are of ASCII: as both databases' `lower` does it."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def install(connection: Connection) -> None:
    """Make the triggers, and all rows with them, unless they are there."""
    is_sqlite = connection.dialect.name == "sqlite"
    triggers = dict(_triggers(is_sqlite))
    there = {
        name: table
        for name, table in connection.exec_driver_sql(
            "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
            if is_sqlite
            else "SELECT tgname, relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
        ).all()
        if name.startswith(PREFIX)
    }
    if there.keys() == triggers.keys():
        return
    for name, table in there.items():
        of_table = "" if is_sqlite else f" ON {table}"
        connection.exec_driver_sql(f"DROP TRIGGER {name}{of_table}")
    for statements in triggers.values():
        for statement in statements:
            connection.exec_driver_sql(statement)
    refill(connection)


def refill(connection: Connection) -> None:
    """Make every row of the worklist anew, and what PostgreSQL finds them by."""
    is_sqlite = connection.dialect.name == "sqlite"
    if not is_sqlite:
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS {INDEX}")
    connection.exec_driver_sql("DELETE FROM worklist_items")
    for rows in (_STUDY_ROWS, _CONSULT_ROWS):
        connection.exec_driver_sql(f"{_INTO} {_selected(rows, 'IS NOT NULL', is_sqlite)}")
    if not is_sqlite:
        connection.exec_driver_sql(_POSTGRESQL_TERMS)
        connection.exec_driver_sql(
            f"CREATE INDEX {INDEX} ON worklist_items USING gin (worklist_terms({', '.join(INDEXED)}))"
        )


def _triggers(is_sqlite: bool) -> Iterator[tuple[str, list[str]]]:
    bodies = [
        # A series or a finding that moves to another study leaves one and enters another.
        "; ".join(
            statement
            for row in _IMAGES[event.partition(" ")[0]]
            for statement in _refresh(
                study and study.format(row=row), consult and consult.format(row=row), is_sqlite
            )
        )
        for _, event, study, consult in _TRIGGERS
    ]
    digest = hashlib.sha256(f"{_TRIGGERS}{bodies}{_POSTGRESQL_TERMS}".encode()).hexdigest()
    for number, ((table, event, _, _), body) in enumerate(zip(_TRIGGERS, bodies, strict=True)):
        name = f"{PREFIX}{digest[:8]}_{number}"
        yield name, _sqlite(name, event, table, body) if is_sqlite else _postgresql(name, event, table, body)


_IMAGES: Final = {"INSERT": ("NEW",), "DELETE": ("OLD",), "UPDATE": ("OLD", "NEW")}


def _refresh(study: str | None, consult: str | None, is_sqlite: bool) -> Iterator[str]:
    """Studies before consults, in every trigger, so that two writers never wait for each other."""
    for rows, which in ((_STUDY_ROWS, study), (_CONSULT_ROWS, consult)):
        if which is None:
            continue
        if not is_sqlite:
            # The next statement sees what the writer that held the row before has changed.
            yield f"PERFORM 1 FROM worklist_items WHERE id {which} ORDER BY id, reader FOR UPDATE"
        readers = rows[3].format(which=which, not_shared=_NOT_SHARED)
        yield (
            f"DELETE FROM worklist_items WHERE id {which} AND NOT EXISTS (SELECT 1 FROM ({readers}) AS still "
            f"WHERE still.id = worklist_items.id AND still.reader = worklist_items.reader)"
        )
        yield f"{_INTO} {_selected(rows, which, is_sqlite)} {_where_changed(is_sqlite)}"


_INTO: Final = f"INSERT INTO worklist_items ({', '.join(_COLUMNS)})"
_DERIVED: Final = tuple(name for name in _COLUMNS if name not in ("id", "reader"))


def _where_changed(is_sqlite: bool) -> str:
    """A row that says what it said before is not written again, nor its places in the indexes."""
    differs = "IS NOT" if is_sqlite else "IS DISTINCT FROM"
    return (
        f"ON CONFLICT (id, reader) DO UPDATE SET {', '.join(f'{one} = excluded.{one}' for one in _DERIVED)} "
        f"WHERE {' OR '.join(f'worklist_items.{one} {differs} excluded.{one}' for one in _DERIVED)}"
    )


def _selected(rows: tuple[str, str, str, str], which: str, is_sqlite: bool) -> str:
    query, words, of, readers = rows
    return query.format(
        readers=readers.format(which=which, not_shared=_NOT_SHARED),
        far_future=f"'{FAR_FUTURE}.000000'" if is_sqlite else f"TIMESTAMPTZ '{FAR_FUTURE}+00'",
        urgency=_URGENCY,
        finished=_FINISHED,
        waiting=_WAITING,
        of_studies=_OF_STUDIES.format(of=of, joined="group_concat" if is_sqlite else "string_agg"),
        search_text=f"lower({words})" if is_sqlite else f'lower(({words}) COLLATE "C")',
    )


def _sqlite(name: str, event: str, table: str, body: str) -> list[str]:
    return [f"CREATE TRIGGER {name} AFTER {event} ON {table} BEGIN {body}; END"]


def _postgresql(name: str, event: str, table: str, body: str) -> list[str]:
    return [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN {body}; RETURN NULL; END $$",
        f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    ]
