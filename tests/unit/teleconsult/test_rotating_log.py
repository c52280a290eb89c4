"""The log of a part: turned over before it is large, and no reason for a part to end."""

from pathlib import Path

from teleconsult.rotating_log import RotatingLog


def test_a_log_is_turned_over_before_it_is_too_large(tmp_path: Path) -> None:
    log = RotatingLog(tmp_path / "app.log", max_bytes=10)
    for word in (b"first\n", b"second\n", b"third\n"):
        log.write(word)
    assert log.last_lines(9) == ["third"]
    assert (tmp_path / "app.log.1").read_bytes() == b"second\n"
    assert (tmp_path / "app.log.2").read_bytes() == b"first\n"
    log.close()


def test_what_finds_no_room_on_the_disk_is_lost_and_nobody_ends_for_it(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.symlink_to("/dev/full")
    log = RotatingLog(path)
    log.write(b"no room\n")
    log.write(b"nor for this\n")
    log.close()
