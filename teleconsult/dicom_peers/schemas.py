"""What the API says and takes about DICOM peers."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from imaging.dicom_requests import EchoOutcome
from teleconsult.dicom_peers.dicom_peer import DicomPeer
from teleconsult.dicom_peers.repository import Rejection
from teleconsult.settings import Settings
from teleconsult.text import Text


class DicomPeerIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    ae_title: Annotated[Text, Field(min_length=1, max_length=64)]
    address: Annotated[Text, Field(min_length=1, max_length=64)]
    port: int | None = Field(default=None, ge=1, le=65535)
    description: Annotated[Text, Field(max_length=200)] | None = None


class DicomPeerOut(BaseModel):
    id: str
    ae_title: str
    address: str
    port: int | None
    description: str | None
    created_at: datetime

    @classmethod
    def of(cls, peer: DicomPeer) -> "DicomPeerOut":
        return cls(
            id=peer.id,
            ae_title=peer.ae_title,
            address=peer.address,
            port=peer.port,
            description=peer.description,
            created_at=peer.created_at,
        )


class RejectionOut(BaseModel):
    ae_title: str
    called_ae_title: str
    address: str
    at: datetime

    @classmethod
    def of(cls, rejection: Rejection) -> "RejectionOut":
        return cls(
            ae_title=rejection.ae_title,
            called_ae_title=rejection.called_ae_title,
            address=rejection.address,
            at=rejection.at,
        )


class DicomGatewayOut(BaseModel):
    """What is to be entered at a scanner so that it reaches us."""

    ae_title: str
    host: str
    port: int
    only_this_machine: bool  # it listens on loopback: no scanner can reach it
    tls: bool

    @classmethod
    def of(cls, settings: Settings) -> "DicomGatewayOut":
        return cls(
            ae_title=settings.dicom_ae_title,
            host=settings.host,
            port=settings.dicom_port,
            only_this_machine=settings.host in ("127.0.0.1", "::1", "localhost"),
            tls=settings.dicom_tls is not None,
        )


class DevicesOut(BaseModel):
    gateway: DicomGatewayOut
    peers: list[DicomPeerOut]
    rejections: list[RejectionOut]


class EchoOut(BaseModel):
    outcome: EchoOutcome
