"""Which tests may run beside each other when pytest has several processes.

Calls and pages are heard and seen in real time, so their tests go one after the other, in one process; the
others run beside them with what they leave of the processors. A file's tests stay together, for the servers
that they share.
"""

from xdist.scheduler import LoadScopeScheduling

REAL_TIME = (
    "tests/e2e/",
    "tests/integration/signaling/",
    "tests/integration/twin/",
    "tests/contract/test_ice_tcp.py",
    "tests/contract/test_janus_media.py",
    "tests/contract/test_media_engine.py",
    "tests/contract/test_recording.py",
    "tests/contract/test_relay_transport.py",
    "tests/contract/test_turn_server.py",
)
REAL_TIME_GROUP = "real time"
# The others get a tenth of a processor that both want.
NICENESS = 10


def group_of(node_id: str) -> str:
    """Tests of one group run one after the other in the same process."""
    return REAL_TIME_GROUP if node_id.startswith(REAL_TIME) else node_id.partition("::")[0]


class RealTimeAlone(LoadScopeScheduling):
    """Real-time tests to the first process, the next file to whichever is free."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
