"""Compile the hot path: `python -m signaling.relay.c_core_build`. It needs a C compiler and Python's headers.

The module lies beside this file under a name that holds the hash of its source, so that one of another
version is never loaded.
"""

import hashlib
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = ("packet_core.h", "packet_core.c")


def module_name() -> str:
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in SOURCES))
    return f"_packet_core_{digest.hexdigest()[:12]}"


def build() -> Path:
    """The module's file. Raises cffi.VerificationError or OSError where it cannot be compiled."""
    from cffi import FFI

    ffi = FFI()
    declarations = (HERE / "packet_core.h").read_text()
    ffi.cdef(declarations[declarations.index("typedef") :])
    ffi.set_source(
        module_name(),
        '#include "packet_core.h"',
        sources=[str(HERE / "packet_core.c")],
        include_dirs=[str(HERE)],
        extra_compile_args=["-O2", "-Wall", "-Wextra"],
        libraries=["pthread"],
    )
    with tempfile.TemporaryDirectory() as folder:
        made = Path(ffi.compile(tmpdir=folder))
        for old in HERE.glob("_packet_core_*.so"):
            old.unlink()
        target = HERE / made.name
        # Renamed into place: a relay that starts meanwhile loads a whole file or none.
        partial = target.with_suffix(".partial")
        partial.write_bytes(made.read_bytes())
        partial.chmod(0o755)
        partial.replace(target)
    return target


if __name__ == "__main__":
    print(build(), file=sys.stderr)
