"""One version of a model, and where it stands between added and retired.

A *slot* is a task that the input gate sends series to (`lung_nodule_ct`, `mammography`). Any number of
versions of any models can be there for a slot; at most one is in charge of it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from inference.bundle import Pinned


class State(StrEnum):
    CANDIDATE = "candidate"  # is there and does nothing
    SHADOW = "shadow"  # reads every series beside the active one; nobody is shown what it finds
    ACTIVE = "active"  # reads, and is shown
    SUSPENDED = "suspended"  # was active; a watch or a person stopped it
    RETIRED = "retired"


class Event(StrEnum):
    SHADOWED = "shadowed"
    PROMOTED = "promoted"
    SUPERSEDED = "superseded"  # another one was promoted
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    RETIRED = "retired"


# A step that is not here does not exist. No row is empty: a retired version can be brought back.
TRANSITIONS: Mapping[State, Mapping[Event, State]] = {
    State.CANDIDATE: {
        Event.SHADOWED: State.SHADOW,
        Event.PROMOTED: State.ACTIVE,
        Event.RETIRED: State.RETIRED,
    },
    State.SHADOW: {Event.PROMOTED: State.ACTIVE, Event.RETIRED: State.RETIRED},
    State.ACTIVE: {
        Event.SUPERSEDED: State.RETIRED,
        Event.SUSPENDED: State.SUSPENDED,
        Event.RETIRED: State.RETIRED,
    },
    State.SUSPENDED: {
        Event.RESUMED: State.ACTIVE,
        Event.SUPERSEDED: State.RETIRED,
        Event.RETIRED: State.RETIRED,
    },
    State.RETIRED: {Event.SHADOWED: State.SHADOW, Event.PROMOTED: State.ACTIVE},
}

IN_CHARGE = (State.ACTIVE, State.SUSPENDED)

NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+\-]{0,15}")
BEHIND_SLOT = "@"


class StepNotPossible(Exception):
    """The table has no such step from where the version stands."""

    def __init__(self, version: "ModelVersion", event: Event) -> None:
        super().__init__(f"{version.name} {version.version}: '{event}' while '{version.state}'")
        self.version, self.event = version, event


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version as the registry knows it.

    Attributes:
        slot: the task that it is for.
        is_shipped: it came with the program and lies in its models folder.
        bundle_sha256: over all files of an added one: what was checked, accepted and trusted.
        licence: SPDX identifier; None: there was none that we know.
        trusted_by: who lets it run code of its own; None: it may not.
        activated_at: when it last began to read; None: never, or it was taken out for good. The way back.
    """

    name: str
    version: str
    slot: str
    is_shipped: bool
    weights_file: str
    weights_sha256: str
    bundle_sha256: str
    licence: str | None
    licence_accepted_by: str | None
    trusted_by: str | None
    trusted_at: datetime | None
    state: State
    state_reason: str | None
    state_since: datetime
    activated_at: datetime | None
    added_by: str
    added_at: datetime

    def apply(self, event: Event, at: datetime, reason: str | None = None) -> "ModelVersion":
        """Return the version as it stands after `event`, which happened at `at` (UTC).

        Raises:
            StepNotPossible: the table has no such step.
        """
        if event not in TRANSITIONS[self.state]:
            raise StepNotPossible(self, event)
        state = TRANSITIONS[self.state][event]
        began = at if state is State.ACTIVE else None if event is Event.RETIRED else self.activated_at
        return replace(self, state=state, state_reason=reason, state_since=at, activated_at=began)

    @property
    def pinned(self) -> Pinned:
        return Pinned(
            name=self.name,
            version=self.version,
            weights_file=self.weights_file,
            weights_sha256=self.weights_sha256,
            bundle_sha256=self.bundle_sha256,
            is_trusted=self.trusted_by is not None,
        )

    @property
    def trial_job_model(self) -> str:
        """What stands as model in a job in which this version reads unseen: at most 64 characters."""
        return f"{self.slot}{BEHIND_SLOT}{self.name}:{self.version}"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What somebody measured of exactly these weights, on what, and with which figures."""

    id: str
    name: str
    version: str
    weights_sha256: str
    subject: str
    figures: Mapping[str, Any]
    at: datetime
    by: str


def slot_of(job_model: str) -> str:
    """The slot of a job, which is also the queue that its nudges go to."""
    return job_model.partition(BEHIND_SLOT)[0]


def is_trial(job_model: str) -> bool:
    """Whether a job's findings are kept apart and shown to nobody."""
    return BEHIND_SLOT in job_model
