"""Each place in the code that deletes: what it deletes, and why a legal hold has its word there or need not.

A new one fails here until somebody has thought of it. What a hold keeps: tests/contract/test_legal_hold.py.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
PACKAGES = ("teleconsult", "inference", "imaging", "signaling", "storage")

HELD = "asks lifecycle/legal_hold.py first"
CALLED = "its callers ask first: lifecycle/deletion.py, lifecycle/study_split.py, stills/keeping.py"
MIRROR = "the archive no longer has the file, or a damaged one: the row goes, and sending it again repairs it"
MOVED = "a copy of what was read back from the other store, or what was asked to go by one who asked first"
OWN = "of a person's own account: sessions, factors, devices, marks"
PASSING = "a state that passes, or settings; what happened is in the audit log"
REPLACED = "AI's own words on which nobody decided, replaced by those of its next reading; its objects stay"
COPIES = "copies: what is on hold is in the installation itself"
PIECES = "pieces of files on their way in, or scratch"
PORT = "does what it is told: who tells it is on this list"

DELETIONS = {
    "teleconsult/lifecycle/deletion.py": HELD,
    "teleconsult/recordings/retention.py": HELD,
    "teleconsult/stills/keeping.py": HELD,
    "teleconsult/notifications/retention.py": HELD,
    "teleconsult/measurements/keeping.py": HELD,
    "teleconsult/lifecycle/study_split.py": HELD,
    "teleconsult/lifecycle/study_rows.py": CALLED,
    "signaling/recorder/kept_recordings.py": "its only caller asks first: recordings/retention.py",
    "teleconsult/lifecycle/archive_removal.py": MOVED,
    "teleconsult/lifecycle/announced_deletions.py": PASSING,
    "teleconsult/lifecycle/tiering.py": MOVED,
    "teleconsult/studies/reconciliation.py": MIRROR,
    "teleconsult/studies/repository.py": PASSING,
    "teleconsult/uploads/verification.py": MIRROR,
    "teleconsult/consults/images_at_hand.py": MIRROR,
    "teleconsult/uploads/receive.py": "what came a moment ago and was kept apart before anybody saw it",
    "inference/repository.py": REPLACED,
    "teleconsult/identity/attempts.py": OWN,
    "teleconsult/identity/identity.py": OWN,
    "teleconsult/identity/oidc_sign_in.py": OWN,
    "teleconsult/identity/resetting.py": OWN,
    "teleconsult/identity/second_factors.py": OWN,
    "teleconsult/identity/sessions.py": OWN,
    "teleconsult/notifications/repository.py": OWN,
    "teleconsult/worklist/views.py": OWN,
    "teleconsult/archives/repository.py": PASSING,
    "teleconsult/dicom_peers/repository.py": PASSING,
    "teleconsult/escalation/repository.py": PASSING,
    "teleconsult/lifecycle/retention.py": PASSING,
    "teleconsult/reports/template_repository.py": PASSING,
    "teleconsult/ringing/repository.py": PASSING,
    "teleconsult/scheduling/repository.py": PASSING,
    "signaling/room_registry.py": PASSING,
    "storage/key_ring.py": "keys that open nothing any more, and those of what its caller deletes",
    "teleconsult/backups/commands.py": COPIES,
    "teleconsult/backups/history.py": COPIES,
    "teleconsult/backups/making.py": COPIES,
    "teleconsult/backups/migrating.py": COPIES,
    "teleconsult/backups/remove_folder.py": COPIES,
    "teleconsult/backups/scratch.py": COPIES,
    "teleconsult/backups/target.py": COPIES,
    "inference/bundle_source.py": PIECES,
    "teleconsult/dicomweb/store_routes.py": PIECES,
    "teleconsult/notifications/web_push.py": PIECES,
    "teleconsult/uploads/chunks.py": PIECES,
    "teleconsult/uploads/repository.py": PIECES,
    "signaling/relay/c_core_build.py": PIECES,
    "storage/audit_checkpoints.py": PIECES,
    "imaging/orthanc.py": PORT,
    "storage/local_files.py": PORT,
}
REMOVERS = {
    "delete",
    "delete_files",
    "delete_instance",
    "delete_rows",
    "ask_removal",
    "forget_instances",
    "forget_series",
    "rmtree",
    "unlink",
}


def deleting(tree: ast.AST) -> Iterator[ast.Call]:
    """Calls that delete rows, objects or files; a route for HTTP's DELETE is none."""
    decorators = {
        id(one)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for one in function.decorator_list
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and id(node) not in decorators:
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in REMOVERS:
                yield node


def test_every_place_that_deletes_is_on_the_list() -> None:
    found = {
        str(file.relative_to(REPOSITORY))
        for package in PACKAGES
        for file in (REPOSITORY / package).rglob("*.py")
        if any(deleting(ast.parse(file.read_text())))
    }
    assert found == set(DELETIONS)


def test_each_place_that_is_said_to_ask_for_holds_names_the_module_that_knows_them() -> None:
    for file in (file for file, why in DELETIONS.items() if why == HELD):
        assert "from teleconsult.lifecycle.legal_hold import" in (REPOSITORY / file).read_text(), file
