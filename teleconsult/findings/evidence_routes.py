"""The pictures that go with a finding: whoever sees the finding sees them."""

from collections.abc import Mapping
from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel

from inference.evidence import Evidence, Picture, evidence_key
from storage.errors import ObjectMissing
from teleconsult.dependencies import CurrentUser, Now, Parts, PartsOfApp
from teleconsult.dicomweb.contents import note_viewing
from teleconsult.dicomweb.images_out import Images, ImagesOut
from teleconsult.errors import NotFound
from teleconsult.users.user import User

router = APIRouter(prefix="/api/findings", tags=["findings"])


class PictureOut(BaseModel):
    """One picture of a finding.

    method, log_odds and largest_fall are those of a saliency map: how it was made, how sure the network
    was, and how much less sure it is with the place covered that matters most.
    """

    name: str
    mm_per_px: float | None
    method: str | None = None
    log_odds: float | None = None
    largest_fall: float | None = None


class EvidenceOut(BaseModel):
    pictures: list[PictureOut]


@router.get("/{finding_id}/evidence")
def read_evidence(finding_id: str, parts: Parts, images: Images, user: CurrentUser, now: Now) -> EvidenceOut:
    """What pictures there are; none of findings from before there were any."""
    pictures = _pictures(parts, images, user, finding_id, now)
    return EvidenceOut(
        pictures=[
            PictureOut(name=name, mm_per_px=picture.mm_per_px, **picture.facts)
            for name, picture in pictures.items()
        ]
    )


@router.get(
    "/{finding_id}/evidence/{name}",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}},
)
def read_evidence_picture(
    finding_id: str, name: str, parts: Parts, images: Images, user: CurrentUser, now: Now
) -> Response:
    """One picture, as PNG."""
    pictures = _pictures(parts, images, user, finding_id, now)
    if name not in pictures:
        raise NotFound
    # Pictures never change; a finding's rights may, so no shared cache keeps them.
    headers = {"Cache-Control": "private, max-age=3600"}
    return Response(pictures[name].png, media_type="image/png", headers=headers)


def _pictures(
    parts: PartsOfApp, images: ImagesOut, user: User, finding_id: str, at: datetime
) -> Mapping[str, Picture]:
    """Return a finding's pictures by name, once the look at images of its study is in the audit log.

    Raises:
        NotFound: there is no such finding, or the user has no part in its study.
    """
    with parts.database.reading() as connection:
        study = parts.findings.get_for(connection, finding_id, user).finding.study_instance_uid
    try:
        content = parts.objects.get(evidence_key(finding_id))
    except ObjectMissing:
        return {}
    note_viewing(parts, images.viewings, user, study, at)
    return Evidence.from_bytes(content).pictures
