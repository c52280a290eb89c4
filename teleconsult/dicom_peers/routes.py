"""The devices page of hospital IT: who may call our DICOM gateway, and whether they answer us."""


from fastapi import APIRouter

from imaging.dicom_requests import Target, echo
from storage import audit_log
from teleconsult.dependencies import DeviceManager, Now, Parts
from teleconsult.dicom_peers.dicom_peer import checked_address, checked_ae_title
from teleconsult.dicom_peers.repository import DicomPeerRepository
from teleconsult.dicom_peers.schemas import (
    DevicesOut,
    DicomGatewayOut,
    DicomPeerIn,
    DicomPeerOut,
    EchoOut,
    RejectionOut,
)
from teleconsult.errors import PeerHasNoPort

router = APIRouter(prefix="/api/dicom-peers", tags=["devices"])
peers = DicomPeerRepository()
REJECTIONS_SHOWN = 20


@router.get("")
def list_devices(parts: Parts, user: DeviceManager, now: Now) -> DevicesOut:
    """What a scanner needs to know of us, the institution's own devices, and who was turned away."""
    with parts.database.reading() as connection:
        known = peers.of_institution(connection, user.institution.id)
        rejections = peers.rejections(connection, REJECTIONS_SHOWN, now)
    return DevicesOut(
        gateway=DicomGatewayOut.of(parts.settings),
        peers=[DicomPeerOut.of(peer) for peer in known],
        rejections=[RejectionOut.of(rejection) for rejection in rejections],
    )


@router.post("", status_code=201)
def add_device(body: DicomPeerIn, parts: Parts, user: DeviceManager, now: Now) -> DicomPeerOut:
    """Let a device in: what it sends belongs to the administrator's institution."""
    ae_title = checked_ae_title(body.ae_title)
    address = checked_address(body.address, has_port=body.port is not None)
    with parts.database.transaction() as connection:
        peer = peers.add(
            connection,
            user.institution.id,
            now,
            ae_title=ae_title,
            address=address,
            port=body.port,
            description=body.description or None,
        )
        audit_log.record(
            connection,
            at=now,
            actor=user.id,
            action="dicom-peer-added",
            subject=f"dicom-peer/{peer.id}",
            details={"ae_title": ae_title, "address": address, "port": body.port},
        )
    return DicomPeerOut.of(peer)


@router.delete("/{peer_id}", status_code=204)
def remove_device(peer_id: str, parts: Parts, user: DeviceManager, now: Now) -> None:
    """The next association of this device is turned away. What it sent stays."""
    with parts.database.transaction() as connection:
        peer = peers.get_of(connection, peer_id, user.institution.id)
        peers.remove(connection, peer)
        audit_log.record(
            connection,
            at=now,
            actor=user.id,
            action="dicom-peer-removed",
            subject=f"dicom-peer/{peer.id}",
            details={"ae_title": peer.ae_title, "address": peer.address},
        )


@router.post("/{peer_id}/echo")
def test_device(peer_id: str, parts: Parts, user: DeviceManager, now: Now) -> EchoOut:
    """Ask the device for a C-ECHO, as our own AE title."""
    with parts.database.reading() as connection:
        peer = peers.get_of(connection, peer_id, user.institution.id)
    if peer.port is None:
        raise PeerHasNoPort
    settings = parts.settings
    target = Target(peer.ae_title, peer.address, peer.port, settings.dicom_tls)
    outcome = echo(settings.dicom_ae_title, target)
    with parts.database.transaction() as connection:
        audit_log.record(
            connection,
            at=now,
            actor=user.id,
            action="dicom-peer-tested",
            subject=f"dicom-peer/{peer.id}",
            details={"outcome": str(outcome)},
        )
    return EchoOut(outcome=outcome)
