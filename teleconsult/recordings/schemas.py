"""What the API says and takes about recordings."""

from datetime import datetime

from pydantic import BaseModel

from signaling.recorder.kept_recordings import Recording, RecordingPart, RecordingStatus, RetentionClass


class RecordingAnswerOut(BaseModel):
    """What one participant said to being recorded. `text`: version and language of the words they read."""

    participant_id: str
    display_name: str
    role: str
    agrees: bool
    at: datetime
    text: str


class RecordingPartOut(BaseModel):
    """One file: a participant's stay, or the log of the session. Times in ms since the recording's start."""

    number: int
    content_type: str
    display_name: str | None
    is_screen: bool
    began_ms: int
    duration_ms: int
    size_bytes: int
    lost_packets: int

    @classmethod
    def of(cls, part: RecordingPart) -> "RecordingPartOut":
        return cls(
            number=part.number,
            content_type=part.content_type,
            display_name=part.display_name,
            is_screen=part.is_screen,
            began_ms=part.began_ms,
            duration_ms=part.duration_ms,
            size_bytes=part.size_bytes,
            lost_packets=part.lost_packets,
        )


class RecordingOut(BaseModel):
    id: str
    status: RecordingStatus
    started_at: datetime
    ended_at: datetime | None
    duration_ms: int
    size_bytes: int
    answers: list[RecordingAnswerOut]
    parts: list[RecordingPartOut]
    retention_class: RetentionClass
    delete_after: datetime | None  # null: it is not over yet, or on legal hold
    delete_after_as: dict[RetentionClass, datetime]  # when it would go in each class
    on_legal_hold: bool
    may_delete: bool

    @classmethod
    def of(
        cls,
        recording: Recording,
        delete_after_as: dict[RetentionClass, datetime],
        *,
        on_legal_hold: bool,
        may_delete: bool,
    ) -> "RecordingOut":
        ends = [part.began_ms + part.duration_ms for part in recording.parts]
        return cls(
            id=recording.id,
            status=recording.status,
            started_at=recording.started_at,
            ended_at=recording.ended_at,
            duration_ms=max(ends, default=0),
            size_bytes=sum(part.size_bytes for part in recording.parts),
            answers=[RecordingAnswerOut(**answer.model_dump()) for answer in recording.answers],
            parts=[RecordingPartOut.of(part) for part in recording.parts],
            retention_class=recording.retention_class,
            delete_after=None if on_legal_hold else delete_after_as.get(recording.retention_class),
            delete_after_as=delete_after_as,
            on_legal_hold=on_legal_hold,
            may_delete=may_delete and recording.status is not RecordingStatus.RECORDING,
        )


class RecordingRetentionIn(BaseModel):
    retention_class: RetentionClass
