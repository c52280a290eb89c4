"""Hospitals' own identity providers, as the administrator of the server lists them in a file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from teleconsult.users.user import Role

_LOOPBACK = ("127.0.0.1", "localhost")


def _issuer(text: str) -> str:
    parts = urlsplit(text)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not is_safe or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("an issuer is an https address without query")
    return text


class OidcProvider(BaseModel):
    """One provider and what its claims mean here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]  # in addresses and user names
    name_en: Annotated[str, Field(min_length=1, max_length=100)]  # on the button
    name_zh: Annotated[str, Field(min_length=1, max_length=100)]
    issuer: Annotated[str, AfterValidator(_issuer)]
    client_id: Annotated[str, Field(min_length=1)]
    client_secret: str | None = None  # None: a public client, which PKCE alone protects
    client_authentication: Literal["client_secret_basic", "client_secret_post"] = "client_secret_basic"
    institution: str  # whose members its users are, by id or English name
    scope: str = "openid profile"
    username_claim: str = "preferred_username"
    roles_claim: str = "roles"  # may lie deeper: realm_access.roles
    roles: dict[str, tuple[Role, ...]]  # by the claim's values; who has none of them does not get in
    specialty_claim: str = "specialty"
    specialty: str | None = None  # of whose token has none

    def is_left_out_of(self, claims: Mapping[str, Any]) -> bool:
        """Whether the claims do not say who somebody is, or what they are there."""
        return any(_claim(claims, name) is None for name in ("name", self.username_claim, self.roles_claim))

    def roles_of(self, claims: Mapping[str, Any]) -> frozenset[Role]:
        given = _claim(claims, self.roles_claim)
        names = given if isinstance(given, list) else [given]
        return frozenset(role for name in names if isinstance(name, str) for role in self.roles.get(name, ()))

    def specialty_of(self, claims: Mapping[str, Any]) -> str | None:
        given = _claim(claims, self.specialty_claim)
        return given[:64] if isinstance(given, str) and given else self.specialty

    def username_of(self, claims: Mapping[str, Any]) -> str:
        """Never that of somebody who was added by hand: it ends with the provider's id."""
        given = _claim(claims, self.username_claim)
        own = given if isinstance(given, str) and given.strip() else claims["sub"]
        return f"{own.strip().lower()[: 63 - len(self.id)]}@{self.id}"

    def display_name_of(self, claims: Mapping[str, Any]) -> str:
        given = claims.get("name")
        return given[:200] if isinstance(given, str) and given.strip() else self.username_of(claims)


def _claim(claims: Mapping[str, Any], path: str) -> Any:
    value: Any = claims
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def providers_from(file: Path | None) -> tuple[OidcProvider, ...]:
    """Raises ValueError: the file is missing, no JSON, or says something that no provider has."""
    if file is None:
        return ()
    try:
        listed = json.loads(file.read_text("utf-8"))
        if not isinstance(listed, list):
            raise ValueError("it holds something else")
        providers = tuple(OidcProvider.model_validate(one) for one in listed)
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise ValueError(f"{file}: {where}: {first['msg']}") from None
    except (TypeError, ValueError) as error:
        raise ValueError(f"{file} is no JSON list of identity providers: {error}") from error
    if len({one.id for one in providers}) != len(providers):
        raise ValueError(f"{file} names two providers alike")
    return providers
