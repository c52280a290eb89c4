"""What the API says and takes about consents."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from uuid import uuid4

from pydantic import BaseModel, Field

from teleconsult.consents.consent import Consent, ConsentMethod, Giver
from teleconsult.consents.texts import ConsentText, TextShown
from teleconsult.text import Text
from teleconsult.users.schemas import Language, UserRefOut
from teleconsult.users.user import User

# What a clinician can attest; who signs by link does it alone.
AttestedMethod = Literal[ConsentMethod.WRITTEN, ConsentMethod.WITNESSED, ConsentMethod.EMERGENCY]


class TextShownIn(BaseModel):
    id: str = Field(max_length=64)
    version: int
    language: Language

    def shown(self) -> TextShown:
        return TextShown(self.id, self.version, self.language)


class ConsentIn(BaseModel):
    """A consent as a clinician attests it."""

    method: AttestedMethod
    giver: Giver | None = None
    relation: Text | None = Field(default=None, max_length=100)
    signature: Text | None = Field(default=None, max_length=100)
    witness: Text | None = Field(default=None, max_length=100)
    note: Text | None = Field(default=None, max_length=1000)
    text: TextShownIn | None = None

    def attested(self, consult_id: str, user: User, at: datetime) -> Consent:
        """Raises ConsentMissing: nobody gave it, and no reason stands in for it."""
        return Consent(
            id=str(uuid4()),
            consult_id=consult_id,
            method=ConsentMethod(self.method),
            given_at=at,
            text=self.text.shown() if self.text else None,
            giver=None if self.method is ConsentMethod.EMERGENCY else self.giver,
            relation=self.relation,
            signature=self.signature,
            witness=self.witness,
            note=self.note,
            recorded_by_id=user.id,
        )


class WithdrawalIn(BaseModel):
    reason: Text = Field(min_length=1, max_length=500)


class PatientWithdrawalIn(BaseModel):
    """Taken back as easily as given: the patient need not say why."""

    reason: Text = Field(default="", max_length=500)


class ReviewIn(BaseModel):
    note: Text = Field(min_length=1, max_length=500)


class WordsOut(BaseModel):
    title: str
    paragraphs: list[str]


class ConsentTextOut(BaseModel):
    id: str
    version: int
    words: dict[Language, WordsOut]

    @classmethod
    def of(cls, text: ConsentText) -> "ConsentTextOut":
        return cls(
            id=text.id,
            version=text.version,
            words={
                language: WordsOut(title=words.title, paragraphs=list(words.paragraphs))
                for language, words in text.words.items()
            },
        )


class ScanOut(BaseModel):
    content_type: str
    size_bytes: int


class WithdrawalOut(BaseModel):
    at: datetime
    by: UserRefOut | None  # null: the patient, by link
    reason: str


class ReviewOut(BaseModel):
    at: datetime
    by: UserRefOut
    note: str


class ConsentOut(BaseModel):
    id: str
    method: ConsentMethod
    given_at: datetime
    text: TextShownIn | None
    giver: Giver | None
    relation: str | None
    signature: str | None
    witness: str | None
    note: str | None
    recorded_by: UserRefOut | None
    scan: ScanOut | None
    withdrawal: WithdrawalOut | None
    awaits_review: bool
    review: ReviewOut | None

    @classmethod
    def of(cls, consent: Consent, people: Mapping[str, User]) -> "ConsentOut":
        text, scan, withdrawal, review = consent.text, consent.scan, consent.withdrawal, consent.review
        return cls(
            id=consent.id,
            method=consent.method,
            given_at=consent.given_at,
            text=TextShownIn(id=text.id, version=text.version, language=text.language) if text else None,
            giver=consent.giver,
            relation=consent.relation,
            signature=consent.signature,
            witness=consent.witness,
            note=consent.note,
            recorded_by=_person(people, consent.recorded_by_id),
            scan=ScanOut(content_type=scan.content_type, size_bytes=scan.size_bytes) if scan else None,
            withdrawal=(
                WithdrawalOut(
                    at=withdrawal.at, by=_person(people, withdrawal.by_id), reason=withdrawal.reason
                )
                if withdrawal
                else None
            ),
            awaits_review=consent.awaits_review,
            review=(
                ReviewOut(at=review.at, by=UserRefOut.of(people[review.by_id]), note=review.note)
                if review
                else None
            ),
        )


class ConsentsOut(BaseModel):
    """All consents to one consult, the newest first, and what the user may do about them."""

    consents: list[ConsentOut]
    is_in_force: bool
    text: ConsentTextOut
    may_record: bool
    may_review: bool


class EmergencyOut(BaseModel):
    """An emergency reason that nobody has reviewed yet."""

    consult_id: str
    consent_id: str
    reason: str
    recorded_by: UserRefOut
    given_at: datetime
    patient_id: str


def people_of(consent: Consent) -> set[str]:
    withdrawn_by = consent.withdrawal and consent.withdrawal.by_id
    reviewed_by = consent.review and consent.review.by_id
    return {one for one in (consent.recorded_by_id, withdrawn_by, reviewed_by) if one}


def _person(people: Mapping[str, User], user_id: str | None) -> UserRefOut | None:
    return None if user_id is None else UserRefOut.of(people[user_id])
