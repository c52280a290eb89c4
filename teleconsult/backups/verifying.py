"""Restore an archive into a scratch place, as a restore does it, and say what that would give and take."""

import tempfile
from datetime import datetime
from pathlib import Path

from teleconsult.backups.places import Places
from teleconsult.backups.restoring import Restored, restore
from teleconsult.backups.target import FolderTarget, StoreTarget


def verify(
    target: FolderTarget | StoreTarget, name: str, passphrase: str, scratch_parent: Path, at: datetime
) -> Restored:
    """Everything is unpacked, compared, migrated and thrown away again.

    Args:
        scratch_parent: a folder with room for everything.
        at: the present moment.

    Raises:
        BackupProblem: the archive could not be restored.
    """
    with tempfile.TemporaryDirectory(dir=scratch_parent, prefix=".verifying-") as folder:
        places = Places.of(Path(folder) / "data", {})
        with target.reading(name) as source:
            return restore(source, target.size_bytes(name), name, passphrase, places, at)
