"""The audit log reaches the receiver whole and in order, on both real databases and over real TLS."""

import shutil
import socket
import ssl
import subprocess
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, select

from storage import audit_log
from storage.database import Database, utc_now
from storage.tables import audit_log as table
from teleconsult.audit import forwarding
from teleconsult.audit.forwarding import (
    LEASE,
    advance,
    forward_some,
    put_off,
    raise_alarm,
    take_turn,
    waiting,
)
from teleconsult.audit.syslog_receiver import ReceiverAway, SyslogReceiver
from teleconsult.state_metrics import of_the_database
from tests.free_ports import free_ports
from tests.installation_server import wait_until
from tests.own_certificate import own_certificate
from tests.syslog_server import SyslogServer

ALARM_AFTER = timedelta(minutes=15)
BATCH = 40


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forwarding, "BATCH", BATCH)


def add(database: Database, count: int, at: datetime | None = None) -> None:
    with database.transaction() as connection:
        for n in range(count):
            audit_log.record(
                connection, at=at or utc_now(), actor="u", action="viewed", subject=f"study/1.2.{n}"
            )


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SyslogServer]:
    """Not started yet."""
    folder = tmp_path / "receiver"
    folder.mkdir()
    own_certificate(folder, "127.0.0.1")
    made = SyslogServer(folder, *free_ports(1))
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
def receiver(server: SyslogServer) -> SyslogReceiver:
    return SyslogReceiver(
        "127.0.0.1", server.port, server.folder / "certificate.pem", own=None, alarm_after=ALARM_AFTER
    )


def forward_all(database: Database, receiver: SyslogReceiver, at: datetime) -> None:
    while forward_some(database, receiver, at):
        pass


def left(database: Database, receiver: SyslogReceiver) -> int:
    with database.reading() as connection:
        return waiting(connection, receiver.name).entries


def test_a_receiver_that_is_killed_and_comes_back_has_every_entry_in_order(
    database: Database, server: SyslogServer, receiver: SyslogReceiver
) -> None:
    add(database, 3 * BATCH)
    server.start(dies_after=BATCH + BATCH // 2)
    now = utc_now()
    forward_all(database, receiver, now)
    assert left(database, receiver) == 2 * BATCH  # those of the broken connection count as not sent

    add(database, 10)
    forward_all(database, receiver, now + timedelta(seconds=1))  # nobody is there
    server.start()
    forward_all(database, receiver, now + timedelta(minutes=5))

    assert left(database, receiver) == 0
    received = server.received()
    first_times = list(dict.fromkeys(number for number, _ in received))
    assert first_times == list(range(1, 3 * BATCH + 11))
    assert len(set(received)) == len(first_times)  # what came twice was the same entry
    with database.reading() as connection:
        hashes = {row.sequence: row.sha256 for row in connection.execute(select(table))}
    assert hashes == {number: b64decode(digest).hex() for number, digest in received}


def test_what_is_sent_is_not_sent_again(
    database: Database, server: SyslogServer, receiver: SyslogReceiver
) -> None:
    server.start()
    for _ in range(3):
        add(database, 2)
        forward_all(database, receiver, utc_now())
        forward_all(database, receiver, utc_now())
    assert [number for number, _ in server.received()] == [1, 2, 3, 4, 5, 6]


def test_of_two_processes_one_sends_and_the_other_goes_on_where_it_died(database: Database) -> None:
    now = utc_now()
    add(database, 9)
    with database.transaction() as connection:
        first = take_turn(connection, "r:1", now)
        assert first and take_turn(connection, "r:1", now) is None
        second = take_turn(connection, "r:1", now + LEASE)
        assert second and second.sent_sequence == 0
        advance(connection, "r:1", first, 9, now + LEASE, is_all=True)  # it woke up again: too late
        assert waiting(connection, "r:1").entries == 9
        advance(connection, "r:1", second, 7, now + LEASE, is_all=False)
        assert waiting(connection, "r:1").entries == 2


def test_a_receiver_that_is_away_is_left_alone_for_longer_each_time(database: Database) -> None:
    now = utc_now()
    with database.transaction() as connection:
        for pause_s in (1, 2, 4, 8, 16, 32, 64, 64, 64):
            turn = take_turn(connection, "r:1", now)
            assert turn
            put_off(connection, "r:1", turn, now)
            now += timedelta(seconds=pause_s)
            assert not _is_free(connection, now - timedelta(milliseconds=1))
            assert _is_free(connection, now)


def _is_free(connection: Connection, at: datetime) -> bool:
    with suppress(_Undo), connection.begin_nested():
        if take_turn(connection, "r:1", at):
            raise _Undo
        return False
    return True


class _Undo(Exception):
    pass


def test_a_clock_that_was_set_back_holds_nothing_up(database: Database) -> None:
    now = utc_now()
    with database.transaction() as connection:
        assert take_turn(connection, "r:1", now + timedelta(days=3))
        assert take_turn(connection, "r:1", now)


def test_administrators_are_told_once_of_each_time_that_entries_wait_too_long(
    database: Database, server: SyslogServer, receiver: SyslogReceiver
) -> None:
    told: list[datetime] = []
    now = utc_now()

    def look(at: datetime) -> int:
        forward_all(database, receiver, at)
        raise_alarm(database, receiver, at, lambda _, since: told.append(since))
        return len(told)

    add(database, 1, now - timedelta(days=900))  # older than the receiver: it waits since now
    assert look(now) == 0
    assert look(now + ALARM_AFTER) == 0
    late = now + ALARM_AFTER + timedelta(minutes=1)
    assert look(late) == 1 and told == [now]
    assert look(late + ALARM_AFTER) == 1
    server.start()
    assert look(late + 2 * ALARM_AFTER) == 1
    server.stop()
    add(database, 1, late + 2 * ALARM_AFTER)
    assert look(late + 4 * ALARM_AFTER) == 2


def test_metrics_say_how_far_the_receiver_is(database: Database, receiver: SyslogReceiver) -> None:
    add(database, 3)
    with database.transaction() as connection:
        turn = take_turn(connection, receiver.name, utc_now())
        assert turn
        advance(connection, receiver.name, turn, 1, utc_now(), is_all=False)
    parts: Any = SimpleNamespace(database=database, settings=SimpleNamespace(syslog=receiver))
    values = {family.name: [value for *_, value in family.samples] for family in of_the_database(parts)}
    assert values["teleconsult_audit_unsent_entries"] == [2]
    assert values["teleconsult_audit_unsent_alarm_seconds"] == [900]
    assert values["teleconsult_audit_unsent_seconds"][0] >= 0
    assert values["teleconsult_unsent_notifications"] == [], "another queue"


MESSAGES = [f"<85>1 - h teleconsult - - - {n}" for n in range(3)]


def test_who_is_not_the_receiver_gets_nothing(
    server: SyslogServer, receiver: SyslogReceiver, tmp_path: Path
) -> None:
    server.start()
    ours = tmp_path / "another"
    ours.mkdir()
    another, _ = own_certificate(ours, "127.0.0.1")
    for wrong in (replace(receiver, ca=another), replace(receiver, host="localhost")):
        with pytest.raises(ReceiverAway):
            wrong.deliver(MESSAGES)
    assert server.received() == []


def test_a_receiver_that_asks_who_sends_is_shown_our_certificate(
    server: SyslogServer, receiver: SyslogReceiver, tmp_path: Path
) -> None:
    own = own_certificate(tmp_path, "127.0.0.1")
    shutil.copy(own[0], server.folder / "client_ca.pem")
    server.start()
    with pytest.raises(ReceiverAway):
        receiver.deliver(MESSAGES)
    replace(receiver, own=own).deliver(MESSAGES)
    assert len((server.folder / "messages.jsonl").read_text().splitlines()) == len(MESSAGES)


@pytest.mark.parametrize("says_goodbye", [False, True])
def test_a_receiver_that_ends_without_reading_has_not_received(
    server: SyslogServer, receiver: SyslogReceiver, says_goodbye: bool
) -> None:
    """Such as one that takes no more connections."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.folder / "certificate.pem", server.folder / "key.pem")
    with socket.create_server(("127.0.0.1", server.port)) as listening:

        def turn_away() -> None:
            plain, _ = listening.accept()
            with context.wrap_socket(plain, server_side=True) as tls:
                if says_goodbye:
                    tls.settimeout(0.2)
                    with suppress(OSError):
                        tls.unwrap()

        thread = threading.Thread(target=turn_away)
        thread.start()
        with pytest.raises(ReceiverAway):
            receiver.deliver(MESSAGES * 1_000)
        thread.join()


RSYSLOG = """
module(load="imtcp" StreamDriver.Name="{driver}" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")
global(DefaultNetstreamDriverCAFile="{folder}/certificate.pem" workDirectory="{folder}"
       DefaultNetstreamDriverCertFile="{folder}/certificate.pem"
       DefaultNetstreamDriverKeyFile="{folder}/key.pem")
template(name="raw" type="string" string="%rawmsg%\\n")
action(type="omfile" file="{folder}/received" template="raw")
input(type="imtcp" port="{port}" address="127.0.0.1")
"""


@pytest.mark.parametrize("driver", ["gtls", "ossl"])
def test_rsyslog_takes_every_entry(
    database: Database, server: SyslogServer, receiver: SyslogReceiver, driver: str
) -> None:
    program = shutil.which("rsyslogd", path="/usr/sbin:/usr/bin:/sbin")
    if program is None or not list(Path("/usr/lib").glob(f"*/rsyslog/lmnsd_{driver}.so")):
        pytest.skip("`apt-get install rsyslog rsyslog-gnutls rsyslog-openssl`")
    folder = server.folder
    (folder / "rsyslog.conf").write_text(RSYSLOG.format(driver=driver, folder=folder, port=server.port))
    process = subprocess.Popen([program, "-n", "-f", folder / "rsyslog.conf", "-i", folder / "pid"])
    try:
        add(database, BATCH + 7)
        wait_until(lambda: _listens(server.port), "rsyslog listens")

        def is_forwarded() -> bool:  # rsyslog may end a connection; what is left goes with the next
            forward_all(database, receiver, utc_now())
            return left(database, receiver) == 0

        wait_until(is_forwarded, "nothing is left")
        file = folder / "received"

        def taken() -> set[str]:  # what went again after such an end may stand there twice
            return set(file.read_text().splitlines()) if file.exists() else set()

        wait_until(lambda: len(taken()) == BATCH + 7, "all is there")
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
