"""Which packet core a relay runs: C where it is compiled, else Python; TELECONSULT_PACKET_CORE forces one."""

from signaling.errors import BadSettings
from signaling.relay.c_core import CCore, NotCompiled, load
from signaling.relay.packet_core import PacketCore
from signaling.relay.python_core import PythonCore

CHOICES = ("", "c", "python")


def core_name(wanted: str = "") -> str:
    """`c` or `python`. Raises BadSettings where what is wanted is not there."""
    if wanted not in CHOICES:
        raise BadSettings(f"TELECONSULT_PACKET_CORE: {wanted!r} is neither c nor python")
    if wanted == "python":
        return wanted
    try:
        load()
    except NotCompiled as error:
        if wanted == "c":
            raise BadSettings(
                "TELECONSULT_PACKET_CORE is c, but it is not compiled: install gcc and run `make setup`"
            ) from error
        return "python"
    return "c"


def choose_core(wanted: str = "") -> PacketCore:
    """Raises BadSettings."""
    return CCore() if core_name(wanted) == "c" else PythonCore()
