"""What the API says and takes about patients' links."""

from datetime import datetime

from pydantic import BaseModel, Field

from teleconsult.consents.consent import Giver
from teleconsult.consents.schemas import ConsentTextOut, TextShownIn
from teleconsult.patient_links.link import LinkFor, LinkState, PatientLink, Phase
from teleconsult.text import Text
from teleconsult.users.schemas import UserRefOut

MOST_HOURS = 7 * 24


class PatientLinkIn(BaseModel):
    kind: LinkFor
    name: Text | None = Field(default=None, max_length=100)  # of who comes with the patient
    hours: int = Field(default=24, ge=1, le=MOST_HOURS)


class PatientLinkOut(BaseModel):
    id: str
    kind: LinkFor
    name: str
    state: LinkState
    tries_left: int
    created_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, link: PatientLink, at: datetime, has_consented: bool) -> "PatientLinkOut":
        return cls(
            id=link.id,
            kind=link.kind,
            name=link.name,
            state=link.state(at, has_consented),
            tries_left=link.tries_left,
            created_at=link.created_at,
            expires_at=link.expires_at,
        )


class PatientLinksOut(BaseModel):
    links: list[PatientLinkOut]
    may_make: bool


class NewPatientLinkOut(BaseModel):
    """Shown this once: only hashes are kept."""

    path: str
    code: str
    link: PatientLinkOut


class CodeIn(BaseModel):
    code: Text = Field(pattern=r"^\d{6}$")


class SignatureIn(BaseModel):
    giver: Giver
    relation: Text | None = Field(default=None, max_length=100)
    signature: Text = Field(min_length=1, max_length=100)
    text: TextShownIn


class PresenceIn(BaseModel):
    phase: Phase


class VisitOut(BaseModel):
    """What a patient's page shows once the code was given."""

    kind: LinkFor
    name: str
    doctors: list[UserRefOut]
    consent_text: ConsentTextOut
    has_consented: bool
    may_enter: bool  # the patient has consented, and the consult may go on
