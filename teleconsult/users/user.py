"""Users, their institution and roles."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    GRASSROOTS_CLINICIAN = "grassroots-clinician"
    SPECIALIST = "specialist"
    RADIOLOGIST = "radiologist"
    TEACHER = "teacher"
    STUDENT = "student"
    COORDINATOR = "coordinator"
    ADMINISTRATOR = "administrator"
    PRIVACY_OFFICER = "privacy-officer"


@dataclass(frozen=True, slots=True)
class Institution:
    id: str
    name_en: str
    name_zh: str


@dataclass(frozen=True, slots=True)
class User:
    id: str
    username: str
    display_name: str
    roles: frozenset[Role]
    institution: Institution
    specialty: str | None
    language: str
    must_change_password: bool
    knows_first_steps: bool
