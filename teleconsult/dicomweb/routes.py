"""DICOMweb (PS3.18) for viewers and hospital systems, with the rights of whoever asks."""

from fastapi import APIRouter

router = APIRouter(prefix="/dicom-web", include_in_schema=False)
