"""What the set-up scripts say when something is missing, and what make offers."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]


def programs_without(folder: Path, *left_out: str) -> Path:
    """A folder for PATH with every program of this machine but some."""
    folder.mkdir()
    for place in reversed(os.environ["PATH"].split(os.pathsep)):
        for program in Path(place).glob("*"):
            link = folder / program.name
            if program.name not in left_out and not link.exists() and not link.is_symlink():
                link.symlink_to(program)
    return folder


@pytest.fixture
def a_clone(tmp_path: Path) -> Path:
    """The set-up scripts alone: none of them may get as far as needing more."""
    shutil.copytree(REPOSITORY / "deploy", tmp_path / "clone" / "deploy")
    return tmp_path / "clone"


def set_up(clone: Path, path: Path, locale: str = "C.UTF-8") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [clone / "deploy" / "setup.sh"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PATH": str(path), "LC_ALL": locale},
    )


def test_without_apt_the_containers_are_named(a_clone: Path, tmp_path: Path) -> None:
    found = set_up(a_clone, programs_without(tmp_path / "bin", "apt-get", "redis-server"))

    assert found.returncode == 1
    assert "This machine has no apt" in found.stderr
    assert "docker compose up" in found.stderr


def test_without_apt_the_containers_are_named_in_chinese_too(a_clone: Path, tmp_path: Path) -> None:
    path = programs_without(tmp_path / "bin", "apt-get", "redis-server")
    found = set_up(a_clone, path, "zh_CN.UTF-8")

    assert found.returncode == 1
    assert "请改用容器方式：docker compose up" in found.stderr


def test_make_alone_lists_what_can_be_made() -> None:
    listed = subprocess.run(["make"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    for target in ("setup", "up", "test", "check", "doctor", "imports", "docs", "bench", "openapi", "clean"):
        assert f"  make {target} " in listed


@pytest.mark.parametrize("which", ["", "-cuda", "-dev", "-packages"])
def test_a_lock_pins_hashes_and_names_no_place(which: str) -> None:
    lines = (REPOSITORY / f"requirements{which}.lock").read_text().splitlines()
    assert not [line for line in lines if "://" in line or line.startswith("--")]
    pinned = [line for line in lines if "==" in line]
    assert pinned
    for number, line in enumerate(lines):
        if "==" in line:
            assert "--hash=sha256:" in lines[number + 1], line


def test_the_lock_names_the_cpu_build_of_torch() -> None:
    assert "\ntorch==2.13.0+cpu \\\n" in (REPOSITORY / "requirements.lock").read_text()
