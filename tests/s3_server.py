"""A real S3 server for tests: one Ceph node from Debian's packages, with its own folder, ports and keys.

A monitor, one OSD (BlueStore on a sparse file) and the RADOS gateway. There is no manager: it only gathers
statistics, which nothing here reads. All parts hear loopback alone and know each other by keys (cephx).
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from tests.free_ports import free_ports

PROGRAMS = (
    "ceph",
    "ceph-authtool",
    "ceph-mon",
    "ceph-osd",
    "monmaptool",
    "radosgw",
    "radosgw-admin",
    "setpriv",
)
PACKAGES = "ceph-mon ceph-osd radosgw"
READY_WITHIN_S = 90.0
STOPPED_WITHIN_S = 10.0
STOP_ORDER = ("radosgw", "ceph-osd", "ceph-mon")

# One key for each part, all in one file.
CAPABILITIES = {
    "mon.": ("mon",),
    "client.admin": ("mon", "osd", "mgr"),
    "osd.0": ("mon", "osd", "mgr"),
    "client.rgw.test": ("mon", "osd", "mgr"),
}

# Small memory, one copy of everything, one placement group in each pool.
CONFIGURATION = """
[global]
fsid = {fsid}
mon_host = [v2:127.0.0.1:{mon_port}]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_ipv6 = false
run_dir = {folder}
admin_socket = {folder}/$name.$pid.asok
pid_file =
crash_dir = {folder}/crash
log_file = {folder}/$name.log
log_to_stderr = false
err_to_stderr = true
mon_cluster_log_file = {folder}/cluster.log
keyring = {folder}/keyring

mon_allow_pool_size_one = true
mon_allow_pool_delete = false
mon_data_avail_warn = 1
mon_data_avail_crit = 1
mon_max_pg_per_osd = 500
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
rgw_rados_pool_pg_num_min = 1

[mon.a]
mon_data = {folder}/mon
paxos_propose_interval = 0.05
mon_memory_target = 134217728
rocksdb_cache_size = 16777216

[osd.0]
osd_data = {folder}/osd
osd_objectstore = bluestore
osd_op_num_shards = 1
osd_op_num_threads_per_shard = 2
osd_memory_target = 939524096
bluestore_block_size = 2147483648
bluestore_cache_autotune = false
bluestore_cache_size = 33554432
# A gateway that was killed is soon forgotten; the next one waits for it no longer than this.
osd_client_watch_timeout = 3
osd_max_pg_log_entries = 100
osd_min_pg_log_entries = 50

[client.rgw.test]
rgw_data = {folder}/rgw
rgw_frontends = beast endpoint=127.0.0.1:{s3_port}
rgw_thread_pool_size = 16
rgw_cache_enabled = true
rgw_enable_usage_log = false
rgw_enable_gc_threads = false
rgw_enable_lc_threads = false
"""


def missing_programs() -> list[str]:
    """The programs that this machine lacks for a server; none: `start` can be called."""
    return [name for name in PROGRAMS if shutil.which(name, path=_search_path()) is None]


class S3Server:
    """One Ceph node. `start` after `kill` or `stop` finds the same objects with the same keys."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.access_key = secrets.token_hex(10)
        self.secret_key = secrets.token_urlsafe(30)
        self.mon_port, self.s3_port = free_ports(2)
        self._fsid = str(uuid4())
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.s3_port}"

    @property
    def url(self) -> str:
        """For `S3Objects.from_url`, less the bucket."""
        return f"s3+http://{self.access_key}:{self.secret_key}@{self.endpoint}"

    def start(self) -> "S3Server":
        """Return when the gateway answers and knows the keys."""
        deadline = time.monotonic() + READY_WITHIN_S
        fresh = not (self.folder / "mon").exists()
        if fresh:
            self._write_configuration()
            self._make_monitor(deadline)
        self._spawn("ceph-mon", "-i", "a")
        self._wait("the monitor", lambda: self._ceph("quorum_status") is not None, deadline)
        if fresh:
            self._make_osd(deadline)
        self._spawn("ceph-osd", "-i", "0")
        self._wait("the OSD", self._osd_is_up, deadline)
        if fresh:
            self._make_user(deadline)
        self._spawn("radosgw", "-n", "client.rgw.test")
        self._wait("the gateway", self._gateway_answers, deadline)
        return self

    def kill(self) -> None:
        """End all parts at once, as a power cut would."""
        for process in self._processes.values():
            _signal_group(process, signal.SIGKILL)
        for process in self._processes.values():
            process.wait()
        self._processes.clear()

    def stop(self) -> None:
        """End it in order; calling it again does no harm."""
        for name in STOP_ORDER:
            process = self._processes.pop(name, None)
            if process is None:
                continue
            _signal_group(process, signal.SIGTERM)
            try:
                process.wait(STOPPED_WITHIN_S)
            except subprocess.TimeoutExpired:
                _signal_group(process, signal.SIGKILL)
                process.wait()

    def resident_bytes(self) -> int:
        """Memory that all parts hold together now."""
        pages = (
            int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
            for process in self._processes.values()
        )
        return sum(pages) * os.sysconf("SC_PAGE_SIZE")

    def _write_configuration(self) -> None:
        for name in ("osd", "rgw", "crash"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "ceph.conf").write_text(
            CONFIGURATION.format(
                fsid=self._fsid, folder=self.folder, mon_port=self.mon_port, s3_port=self.s3_port
            )
        )

    def _make_monitor(self, deadline: float) -> None:
        monmap = str(self.folder / "monmap")
        address = f"[v2:127.0.0.1:{self.mon_port}]"
        self._run(deadline, "monmaptool", "--create", "--fsid", self._fsid, "--addv", "a", address, monmap)
        keyring = str(self.folder / "keyring")
        for name, parts in CAPABILITIES.items():
            create = () if Path(keyring).exists() else ("--create-keyring",)
            allow = [word for part in parts for word in ("--cap", part, "allow *")]
            self._run(deadline, "ceph-authtool", *create, "--gen-key", "--name", name, *allow, keyring)
        self._run(deadline, "ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keyring)

    def _make_osd(self, deadline: float) -> None:
        identity = str(uuid4())
        self._run(deadline, "ceph", "osd", "new", identity)
        self._run(deadline, "ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", identity)

    def _make_user(self, deadline: float) -> None:
        keys = (f"--access-key={self.access_key}", f"--secret={self.secret_key}")
        self._run(
            deadline, "radosgw-admin", "user", "create", "--uid=teleconsult", "--display-name=Test", *keys
        )

    def _osd_is_up(self) -> bool:
        status = self._ceph("osd", "stat")
        return status is not None and status["num_up_osds"] == 1

    def _gateway_answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self.endpoint}/", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def _ceph(self, *words: str) -> dict[str, int] | None:
        """The monitor's answer; None when there is none yet."""
        done = subprocess.run(
            [*self._command("ceph"), "--connect-timeout", "5", *words, "--format", "json"],
            capture_output=True,
            check=False,
        )
        answer: dict[str, int] | None = json.loads(done.stdout) if done.returncode == 0 else None
        return answer

    def _command(self, program: str) -> list[str]:
        found = shutil.which(program, path=_search_path())
        if found is None:
            raise FileNotFoundError(f"{program} is not installed; `apt-get install {PACKAGES}`")
        if program in ("ceph-authtool", "monmaptool"):  # they work on files alone
            return [found]
        return [found, "--conf", str(self.folder / "ceph.conf")]

    def _run(self, deadline: float, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [*self._command(program), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=max(1.0, deadline - time.monotonic()),
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed:\n{done.stdout.decode(errors='replace')[-4000:]}")

    def _spawn(self, program: str, *arguments: str) -> None:
        # In its own group, so that all it starts ends with it; and it ends when this process dies.
        with (self.folder / f"{program}.out").open("ab") as output:
            self._processes[program] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self._command(program), "--foreground", *arguments],
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _wait(self, what: str, ready: Callable[[], bool], deadline: float) -> None:
        while not ready():
            ended = [name for name, process in self._processes.items() if process.poll() is not None]
            if ended or time.monotonic() > deadline:
                raise RuntimeError(f"{what} did not become ready (ended: {ended}):\n{self._last_words()}")
            time.sleep(0.05)  # between two looks at the condition

    def _last_words(self) -> str:
        logs = sorted((*self.folder.glob("*.out"), *self.folder.glob("*.log")))
        return "\n".join(f"{log.name}:\n{log.read_text(errors='replace')[-1500:]}" for log in logs)


def _search_path() -> str:
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return  # all of it has ended
