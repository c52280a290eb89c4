"""The web application. `create_app` is its composition root."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import iter_route_contexts
from starlette.concurrency import run_in_threadpool

from imaging.orthanc import OrthancPacs
from imaging.orthanc_streams import OrthancStreams
from inference.celery_broker import CeleryBroker
from inference.model_registry import ModelRegistry
from inference.repository import JobRepository
from signaling.room_registry import PlacedRooms
from storage.audit_checkpoints import Checkpoints
from storage.cancelling import cancel
from storage.database import Database, utc_now
from storage.events import redis_publisher
from storage.key_ring import KeyRing
from storage.opening import open_object_store
from teleconsult import background, health, line_check, policy, problems
from teleconsult.agreements.routes import router as agreement_routes
from teleconsult.archives.background import fetch_studies, follow_prior_rules
from teleconsult.archives.routes import router as archive_routes
from teleconsult.audit.routes import router as audit_routes
from teleconsult.audit.store_watch import AuditStoreWatch
from teleconsult.audit.trail import AuditTrail
from teleconsult.backups.scheduled import back_up_in_time
from teleconsult.chat.routes import router as chat_routes
from teleconsult.consents.routes import router as consent_routes
from teleconsult.consults.call_quality import router as call_quality_routes
from teleconsult.consults.repository import ConsultRepository
from teleconsult.consults.routes import router as consult_routes
from teleconsult.critical_results.routes import router as critical_result_routes
from teleconsult.dependencies import PartsOfApp, our_page
from teleconsult.dicom_peers.routes import router as device_routes
from teleconsult.dicomweb.images_out import ImagesOut
from teleconsult.dicomweb.routes import router as dicomweb_routes
from teleconsult.emergency_access.routes import router as emergency_routes
from teleconsult.events.hub import EventHub
from teleconsult.events.routes import router as event_routes
from teleconsult.events.routes import who_sees
from teleconsult.exports.routes import router as deidentified_routes
from teleconsult.findings.evidence_routes import router as evidence_routes
from teleconsult.findings.repository import FindingRepository
from teleconsult.findings.routes import router as finding_routes
from teleconsult.front_end import serve_front_end
from teleconsult.identity.factor_key import FactorKey
from teleconsult.identity.identity import Identity
from teleconsult.identity.oidc_routes import router as oidc_routes
from teleconsult.identity.oidc_sign_in import OidcSignIn
from teleconsult.identity.security_routes import router as security_routes
from teleconsult.identity.session_routes import router as session_routes
from teleconsult.key_images.routes import router as key_image_routes
from teleconsult.lifecycle.hold_routes import router as legal_hold_routes
from teleconsult.lifecycle.routes import router as lifecycle_routes
from teleconsult.marked_http import MarkedHttp
from teleconsult.measurements.routes import router as measurement_routes
from teleconsult.metrics import APP, CountRequests
from teleconsult.models.report_card import router as report_card_routes
from teleconsult.models.routes import router as model_routes
from teleconsult.named_requests import NameRequests, name_what_the_path_names
from teleconsult.notifications.notification import Channel
from teleconsult.notifications.posting import senders_of
from teleconsult.notifications.repository import NotificationRepository
from teleconsult.notifications.routes import router as notification_routes
from teleconsult.opinions.routes import router as opinion_routes
from teleconsult.patient_history.routes import router as history_routes
from teleconsult.patient_links.routes import router as patient_link_routes
from teleconsult.patient_links.visit_routes import router as visit_routes
from teleconsult.quick_look import limit_other_work
from teleconsult.recordings.routes import router as recording_routes
from teleconsult.reports.pades import open_seal
from teleconsult.reports.repository import ReportRepository
from teleconsult.reports.routes import router as report_routes
from teleconsult.reports.template_repository import TemplateRepository
from teleconsult.reports.template_routes import router as report_template_routes
from teleconsult.request_body import LimitBodies
from teleconsult.request_rate import RequestRate
from teleconsult.ringing.routes import router as ringing_routes
from teleconsult.scheduled_procedures.routes import router as schedule_routes
from teleconsult.scheduling.routes import router as calendar_routes
from teleconsult.security_headers import SecurityHeaders
from teleconsult.security_txt import router as security_txt_routes
from teleconsult.settings import Settings
from teleconsult.state_metrics import state_families
from teleconsult.stills.routes import router as still_routes
from teleconsult.studies.export_routes import router as export_routes
from teleconsult.studies.reading_routes import router as reading_routes
from teleconsult.studies.repository import StudyRepository
from teleconsult.studies.routes import router as study_routes
from teleconsult.uploads.repository import UploadRepository
from teleconsult.uploads.routes import router as upload_routes
from teleconsult.users.member_routes import router as member_routes
from teleconsult.users.repository import UserRepository
from teleconsult.watched_folder import watch_folder
from teleconsult.worklist.routes import router as worklist_routes
from telemetry.exposition import Exposition
from telemetry.logs import set_up_logs
from telemetry.tracing import set_up_tracing


def create_parts(settings: Settings) -> PartsOfApp:
    database = Database(settings.database_url)
    database.migrate()
    templates = TemplateRepository()
    models = ModelRegistry(database, settings.models_folder, settings.added_models_folder)
    with database.transaction() as connection:
        models.enter_shipped(connection, utc_now())
        templates.enter_shipped(connection, utc_now())
    users = UserRepository(database)
    senders = senders_of(settings.notifications, settings.data_folder / "secrets")
    identity = Identity(database, users, FactorKey(settings.session_secret), settings.known_passwords)
    return PartsOfApp(
        settings=settings,
        database=database,
        pacs=OrthancPacs(settings.orthanc_url, settings.orthanc_username, settings.orthanc_password),
        objects=open_object_store(settings.object_store),
        keys=KeyRing(settings.recording_secret_file) if settings.recording_secret_file else None,
        publish=redis_publisher(settings.redis_url),
        rooms=PlacedRooms(settings.redis_url, settings.relay_urls),
        jobs=JobRepository(database),
        models=models,
        users=users,
        identity=identity,
        oidc=OidcSignIn(database, identity, settings.oidc_providers),
        studies=StudyRepository(),
        uploads=UploadRepository(),
        findings=FindingRepository(),
        consults=ConsultRepository(),
        reports=ReportRepository(),
        templates=templates,
        notifications=NotificationRepository(senders.keys()),
        senders=senders,
        audit_store=AuditStoreWatch(database),
        rate=RequestRate(settings.requests_per_s),
    )


def create_app(settings: Settings | None = None) -> FastAPI:
    set_up_logs(os.environ)
    set_up_tracing(os.environ, "app")
    settings = settings or Settings.from_environment()
    exposition = Exposition.from_environment(os.environ)
    parts = create_parts(settings)
    MarkedHttp.marks = settings.data_marks
    APP.collect(partial(state_families, parts))
    hub = EventHub(parts.settings.redis_url, partial(who_sees, parts))
    broker = CeleryBroker(parts.settings.broker_url)
    streams = OrthancStreams(
        settings.orthanc_url, settings.orthanc_username, settings.orthanc_password, settings.data_folder
    )

    checkpoints = Checkpoints(settings.data_folder)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        limit_other_work()
        metrics = exposition.serve(APP) if exposition else None
        tasks = [
            asyncio.create_task(hub.run()),
            asyncio.create_task(background.sweep_jobs(parts, broker)),
            asyncio.create_task(background.follow_changes(parts)),
            asyncio.create_task(background.plan_slabs_of_arriving(parts)),
            asyncio.create_task(background.assess_complete_series(parts)),
            asyncio.create_task(background.verify_arrivals(parts)),
            asyncio.create_task(background.keep_up(parts)),
            asyncio.create_task(background.watch_models(parts)),
            asyncio.create_task(background.look_after_recordings(parts)),
            asyncio.create_task(background.archive_stills(parts)),
            *([asyncio.create_task(background.renew_keys(parts, parts.keys))] if parts.keys else []),
            asyncio.create_task(background.keep_measurements(parts)),
            asyncio.create_task(background.archive_reports(parts)),
            asyncio.create_task(background.watch_audit_store(parts)),
            asyncio.create_task(background.sign_audit_checkpoints(parts, checkpoints)),
            *(
                [asyncio.create_task(background.forward_audit_log(parts, settings.syslog))]
                if settings.syslog
                else []
            ),
            asyncio.create_task(background.keep_appointments(parts)),
            asyncio.create_task(background.climb_ladders(parts)),
            *(asyncio.create_task(background.post_notifications(parts, way)) for way in Channel),
            asyncio.create_task(background.delete_old_notifications(parts)),
            asyncio.create_task(back_up_in_time(parts)),
            asyncio.create_task(fetch_studies(parts)),
            asyncio.create_task(follow_prior_rules(parts)),
            *(
                [asyncio.create_task(watch_folder(parts, settings.watch_folder))]
                if settings.watch_folder
                else []
            ),
            *(
                [asyncio.create_task(background.add_demo_studies_at_first_start(parts))]
                if settings.demo
                else []
            ),
        ]
        yield
        if metrics is not None:
            await run_in_threadpool(metrics.shutdown)
            metrics.server_close()
        await cancel(*tasks)
        await streams.close()
        await run_in_threadpool(parts.database.close)

    app = describe_api(lifespan)
    app.state.parts = parts
    app.state.hub = hub
    app.state.checkpoints = checkpoints
    app.state.seal = open_seal(settings, utc_now())
    app.state.images_out = ImagesOut(streams)
    serve_front_end(app, parts.settings.web_folder)
    return app


def describe_api(lifespan: Callable[[FastAPI], object] | None = None) -> FastAPI:
    """All routes without their parts: enough for the OpenAPI document."""
    app = FastAPI(
        title="Teleconsult",
        version="1",
        lifespan=lifespan,  # type: ignore[arg-type]
        dependencies=[Depends(name_what_the_path_names), Depends(our_page)],
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        redirect_slashes=False,
        separate_input_output_schemas=False,
    )
    problems.install(app)
    app.add_middleware(LimitBodies)
    app.add_middleware(AuditTrail)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(CountRequests)
    app.add_middleware(NameRequests)
    for router in API_ROUTERS:
        app.include_router(router)
    if without_row := doors_of(app) - policy.DOORS.keys():
        raise RuntimeError(f"teleconsult.policy has no row for {', '.join(sorted(without_row))}")
    return app


def doors_of(app: FastAPI) -> set[str]:
    """What is served, as `policy` names it: method and path."""
    return {
        f"{method} {route.path}"
        for route in iter_route_contexts(app.routes)
        for method in route.methods or {"WS"}
    }


# Asked one after the other for each request: images, then what every page asks, come first.
API_ROUTERS: tuple[APIRouter, ...] = (
    study_routes,
    session_routes,
    notification_routes,
    ringing_routes,
    schedule_routes,
    emergency_routes,
    oidc_routes,
    security_routes,
    member_routes,
    upload_routes,
    worklist_routes,
    reading_routes,
    export_routes,
    deidentified_routes,
    dicomweb_routes,
    finding_routes,
    evidence_routes,
    consult_routes,
    history_routes,
    chat_routes,
    measurement_routes,
    key_image_routes,
    consent_routes,
    patient_link_routes,
    visit_routes,
    agreement_routes,
    call_quality_routes,
    recording_routes,
    still_routes,
    report_routes,
    report_template_routes,
    critical_result_routes,
    event_routes,
    device_routes,
    archive_routes,
    calendar_routes,
    opinion_routes,
    lifecycle_routes,
    legal_hold_routes,
    model_routes,
    report_card_routes,
    audit_routes,
    health.router,
    line_check.router,
    security_txt_routes,
)
