"""A small study that a real model reads, and whether it was read once."""

from typing import Any

from inference.phantoms.chest import chest_ct
from tests.dicom_builders import as_bytes
from tests.installation_server import Client, Installation, wait_until


def a_phantom(seed: int) -> dict[str, bytes]:
    slices, _ = chest_ct(seed, slices=40, rows=256)
    return {f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)}


def finished(client: Client, uid: str) -> dict[str, Any]:
    done: dict[str, Any] = wait_until(
        lambda: (ai := client.ai_of(uid))["status"] in ("completed", "failed") and ai, "the study is read"
    )
    return done


def begun(client: Client, seed: int) -> str:
    """A study that a worker is reading."""
    uid: str = client.upload(a_phantom(seed))["studies"][0]["study_instance_uid"]
    wait_until(lambda: client.ai_of(uid)["status"] in ("running", "completed"), "a worker has begun")
    return uid


def is_read_once(installation: Installation, client: Client, uid: str) -> None:
    assert finished(client, uid)["status"] == "completed"
    study = client.get(f"/api/studies/{uid}")
    assert study["instance_count"] == 40
    assert [job["status"] for job in study["jobs"]] == ["completed"]
    pacs = installation.archive()
    reports = [
        ref for ref in pacs.find_instances(uid) if ref.sop_class_uid.startswith("1.2.840.10008.5.1.4.1.1.88.")
    ]
    assert len(reports) == (1 if study["findings"] else 0)
