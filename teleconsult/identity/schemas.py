"""What the API says and takes about who somebody is."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from teleconsult.identity import passkey as webauthn
from teleconsult.identity.identity import Proof
from teleconsult.identity.passkey import ALGORITHMS, Assertion, Site
from teleconsult.identity.second_factors import Passkey
from teleconsult.identity.sessions import OpenSession, Session
from teleconsult.text import Text
from teleconsult.users.schemas import InstitutionOut, Language
from teleconsult.users.user import Role, User

Kind = Literal["totp", "passkey"]


def _base64url(text: str) -> str:
    webauthn.decoded(text)
    return text


Base64Url = Annotated[str, Field(min_length=1, max_length=8192), AfterValidator(_base64url)]


class AssertionIn(BaseModel):
    """What `navigator.credentials.get` gave, its bytes as base64url."""

    credential_id: Base64Url
    client_data: Base64Url
    authenticator_data: Base64Url
    signature: Base64Url

    def assertion(self) -> Assertion:
        return Assertion(
            credential_id=webauthn.encoded(webauthn.decoded(self.credential_id)),
            client_data=webauthn.decoded(self.client_data),
            authenticator_data=webauthn.decoded(self.authenticator_data),
            signature=webauthn.decoded(self.signature),
        )


class ProofIn(BaseModel):
    """One of them: with a second factor its code (or a recovery code) or a passkey, else the password."""

    password: str | None = Field(default=None, max_length=1024)
    code: str | None = Field(default=None, max_length=64)
    passkey: AssertionIn | None = None

    def proof(self) -> Proof:
        return Proof(self.password, self.code, self.passkey.assertion() if self.passkey else None)


class SignInIn(BaseModel):
    username: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=1024)


class SecondStepIn(ProofIn):
    """`token` is what the problem `second-factor-needed` gave."""

    token: str = Field(min_length=1, max_length=64)


class OidcProviderOut(BaseModel):
    id: str
    name_en: str
    name_zh: str


class OidcAddressOut(BaseModel):
    address: str


class OidcAnswerIn(BaseModel):
    """What the provider wrote into the address of the page that it sent the browser back to."""

    state: str = Field(min_length=1, max_length=128)
    code: str = Field(min_length=1, max_length=4096)
    iss: str | None = Field(default=None, max_length=300)  # RFC 9207


class ChallengeIn(BaseModel):
    """`token`: of a sign-in that waits for its second factor."""

    token: str | None = Field(default=None, max_length=64)


class PasswordChangeIn(BaseModel):
    current_password: str = Field(max_length=1024)
    new_password: str = Field(max_length=1024)


class MeIn(BaseModel):
    language: Language | None = None
    knows_first_steps: bool | None = None


class MeOut(BaseModel):
    id: str
    username: str
    display_name: str
    roles: list[Role]
    institution: InstitutionOut
    specialty: str | None
    language: Language
    must_change_password: bool
    second_factors: list[Kind]
    must_set_up_second_factor: bool
    knows_first_steps: bool

    @classmethod
    def of(cls, session: Session) -> "MeOut":
        user = session.user
        return cls(
            id=user.id,
            username=user.username,
            display_name=user.display_name,
            roles=sorted(user.roles),
            institution=InstitutionOut.of(user.institution),
            specialty=user.specialty,
            language=user.language,  # type: ignore[arg-type]
            must_change_password=user.must_change_password,
            second_factors=list(session.second_factors),  # type: ignore[arg-type]
            must_set_up_second_factor=session.must_set_up_second_factor,
            knows_first_steps=user.knows_first_steps,
        )


class ChallengeOut(BaseModel):
    """For `navigator.credentials.get`; without `credential_ids` any passkey of this site may answer."""

    challenge: str
    rp_id: str
    credential_ids: list[str]


class NewPasskeyOut(BaseModel):
    """For `navigator.credentials.create`."""

    challenge: str
    rp_id: str
    user_handle: str
    username: str
    display_name: str
    algorithms: list[int]
    known_credential_ids: list[str]

    @classmethod
    def of(cls, user: User, site: Site, challenge: bytes, known: list[str]) -> "NewPasskeyOut":
        return cls(
            challenge=webauthn.encoded(challenge),
            rp_id=site.rp_id,
            user_handle=webauthn.encoded(user.id.encode()),
            username=user.username,
            display_name=user.display_name,
            algorithms=list(ALGORITHMS),
            known_credential_ids=known,
        )


class PasskeyIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[Text, Field(min_length=1, max_length=80)]
    client_data: Base64Url
    authenticator_data: Base64Url
    public_key: Base64Url


class PasskeyOut(BaseModel):
    id: str
    name: str
    rp_id: str
    is_backed_up: bool
    created_at: datetime
    last_used_at: datetime | None

    @classmethod
    def of(cls, passkey: Passkey) -> "PasskeyOut":
        return cls(
            id=passkey.id,
            name=passkey.name,
            rp_id=passkey.rp_id,
            is_backed_up=passkey.is_backed_up,
            created_at=passkey.created_at,
            last_used_at=passkey.last_used_at,
        )


class OpenSessionOut(BaseModel):
    id: str
    is_this: bool
    created_at: datetime
    last_seen_at: datetime | None
    address: str | None
    agent: str | None

    @classmethod
    def of(cls, session: OpenSession, this: Session) -> "OpenSessionOut":
        return cls(
            id=session.id,
            is_this=session.id == this.id,
            created_at=session.created_at,
            last_seen_at=session.last_seen_at,
            address=session.address,
            agent=session.agent,
        )


class SecurityOut(BaseModel):
    has_totp: bool
    passkeys: list[PasskeyOut]
    recovery_codes_left: int
    sessions: list[OpenSessionOut]


class NewTotpOut(BaseModel):
    """The secret, as text and as QR code: shown this once."""

    secret: str
    key_uri: str
    qr_svg: str


class TotpCodeIn(BaseModel):
    code: str = Field(min_length=1, max_length=64)


class RecoveryCodesOut(BaseModel):
    """Shown this once; null where those from before hold on."""

    recovery_codes: list[str] | None
