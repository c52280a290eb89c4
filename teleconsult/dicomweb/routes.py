"""DICOMweb (PS3.18) for viewers and hospital systems, with the rights of whoever asks."""

from fastapi import APIRouter

from teleconsult.dicomweb.frame_routes import router as frame_routes
from teleconsult.dicomweb.retrieve_routes import router as retrieve_routes
from teleconsult.dicomweb.search_routes import router as search_routes
from teleconsult.dicomweb.store_routes import router as store_routes

router = APIRouter(prefix="/dicom-web", include_in_schema=False)
router.include_router(search_routes)
router.include_router(store_routes)
router.include_router(retrieve_routes)
router.include_router(frame_routes)
