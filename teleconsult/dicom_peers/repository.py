"""DICOM peers in the database, and who was turned away."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, delete, desc, insert, select

from storage.tables import audit_log, dicom_peers, storage_commitments
from teleconsult.dicom_peers.dicom_peer import DicomPeer
from teleconsult.errors import NotFound, PeerExists

REJECTED = "dicom-caller-rejected"  # the audit log's action
REJECTIONS_LOOKED_AT = 200
REJECTIONS_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Rejection:
    """A device that called and was not let in."""

    ae_title: str
    called_ae_title: str
    address: str
    at: datetime


class DicomPeerRepository:
    def add(
        self,
        connection: Connection,
        institution_id: str,
        at: datetime,
        *,
        ae_title: str,
        address: str,
        port: int | None,
        description: str | None,
    ) -> DicomPeer:
        """Raises PeerExists: this AE title at this address is there already, whosever it is."""
        known = select(dicom_peers.c.id).where(
            dicom_peers.c.ae_title == ae_title, dicom_peers.c.address == address
        )
        if connection.execute(known).first() is not None:
            raise PeerExists
        peer = DicomPeer(str(uuid4()), institution_id, ae_title, address, port, description, at)
        connection.execute(
            insert(dicom_peers).values(
                id=peer.id,
                institution_id=institution_id,
                ae_title=ae_title,
                address=address,
                port=port,
                description=description,
                created_at=at,
            )
        )
        return peer

    def of_institution(self, connection: Connection, institution_id: str) -> list[DicomPeer]:
        rows = connection.execute(
            select(dicom_peers)
            .where(dicom_peers.c.institution_id == institution_id)
            .order_by(dicom_peers.c.ae_title, dicom_peers.c.address)
        )
        return [_peer(row) for row in rows]

    def titled(self, connection: Connection, ae_title: str) -> list[DicomPeer]:
        rows = connection.execute(select(dicom_peers).where(dicom_peers.c.ae_title == ae_title))
        return [_peer(row) for row in rows]

    def find(self, connection: Connection, peer_id: str) -> DicomPeer | None:
        row = connection.execute(select(dicom_peers).where(dicom_peers.c.id == peer_id)).first()
        return _peer(row) if row else None

    def get_of(self, connection: Connection, peer_id: str, institution_id: str) -> DicomPeer:
        """Raises NotFound, also for another institution's."""
        peer = self.find(connection, peer_id)
        if peer is None or peer.institution_id != institution_id:
            raise NotFound
        return peer

    def remove(self, connection: Connection, peer: DicomPeer) -> None:
        """The peer goes, and with it the reports that it was still owed."""
        connection.execute(delete(storage_commitments).where(storage_commitments.c.peer_id == peer.id))
        connection.execute(delete(dicom_peers).where(dicom_peers.c.id == peer.id))

    def rejections(self, connection: Connection, at_most: int, at: datetime) -> list[Rejection]:
        """Who was turned away in the last days, each once, newest first."""
        rows = connection.execute(
            select(audit_log.c.at, audit_log.c.details)
            .where(audit_log.c.action == REJECTED, audit_log.c.at > at - REJECTIONS_FOR)
            .order_by(desc(audit_log.c.sequence))
            .limit(REJECTIONS_LOOKED_AT)
        )
        found: dict[tuple[str, str, str], Rejection] = {}
        for row in rows:
            said = row.details
            one = Rejection(said["ae_title"], said["called_ae_title"], said["address"], row.at)
            found.setdefault((one.ae_title, one.called_ae_title, one.address), one)
        return list(found.values())[:at_most]


def _peer(row: Row[Any]) -> DicomPeer:
    return DicomPeer(
        row.id, row.institution_id, row.ae_title, row.address, row.port, row.description, row.created_at
    )
