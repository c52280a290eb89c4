"""Templates in the database: those that came with the program, and those of institutions."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, tuple_
from sqlalchemy.exc import IntegrityError

from storage.errors import StaleVersion
from storage.tables import report_template_retirements as retirements
from storage.tables import report_template_versions as versions
from teleconsult.errors import NotFound
from teleconsult.reports.template import Template

log = logging.getLogger(__name__)
SHIPPED: Final = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class TemplateRef:
    """One version of one template, as reports name it."""

    id: str
    version: int


@dataclass(frozen=True, slots=True)
class PublishedTemplate:
    """
    Attributes:
        institution_id: whose it is; None where it came with the program.
        is_retired: the institution that looks at it no longer offers it.
    """

    ref: TemplateRef
    content: Template
    institution_id: str | None
    published_at: datetime
    published_by_id: str | None = None
    copied_from: str | None = None
    is_retired: bool = False


class TemplateRepository:
    def enter_shipped(self, connection: Connection, at: datetime) -> None:
        """Keep each version that came with the program: reports go on naming it after an update."""
        for path in sorted(SHIPPED.glob("*.json")):
            shipped = json.loads(path.read_text(encoding="utf-8"))
            ref = TemplateRef(shipped["id"], shipped["version"])
            content = Template.model_validate(shipped["template"])
            known = _row(connection, ref)
            if known is None:
                self._add(connection, PublishedTemplate(ref, content, None, at))
            elif Template.model_validate(known.content) != content:
                log.error("shipped-template-differs template=%s version=%s", ref.id, ref.version)

    def of(self, connection: Connection, institution_id: str) -> list[PublishedTemplate]:
        """The newest version of each template that an institution sees, its own first."""
        newest = select(versions.c.template_id, func.max(versions.c.version)).group_by(versions.c.template_id)
        rows = connection.execute(
            select(versions)
            .where(
                tuple_(versions.c.template_id, versions.c.version).in_(newest),
                or_(versions.c.institution_id == institution_id, versions.c.institution_id.is_(None)),
            )
            .order_by(versions.c.institution_id.is_(None), versions.c.template_id)
        )
        retired = set(
            connection.execute(
                select(retirements.c.template_id).where(retirements.c.institution_id == institution_id)
            ).scalars()
        )
        return [replace(_published(row), is_retired=row.template_id in retired) for row in rows]

    def newest(self, connection: Connection, template_id: str, institution_id: str) -> PublishedTemplate:
        """Raises NotFound, also for a template of another institution."""
        for one in self.of(connection, institution_id):
            if one.ref.id == template_id:
                return one
        raise NotFound

    def get(self, connection: Connection, ref: TemplateRef) -> PublishedTemplate:
        """Raises NotFound."""
        row = _row(connection, ref)
        if row is None:
            raise NotFound
        return _published(row)

    def publish(
        self, connection: Connection, template: PublishedTemplate, *, based_on: int
    ) -> PublishedTemplate:
        """Add the version after `based_on`. Raises StaleVersion where there is a later one."""
        newest = connection.execute(
            select(func.max(versions.c.version)).where(versions.c.template_id == template.ref.id)
        ).scalar()
        if (newest or 0) != based_on:
            raise StaleVersion(template.ref.id)
        added = replace(template, ref=TemplateRef(template.ref.id, based_on + 1))
        try:
            self._add(connection, added)
        except IntegrityError as error:  # somebody was faster in this very moment
            raise StaleVersion(template.ref.id) from error
        return added

    def retire(
        self, connection: Connection, template_id: str, institution_id: str, *, user_id: str, at: datetime
    ) -> None:
        self.restore(connection, template_id, institution_id)
        connection.execute(
            insert(retirements).values(
                template_id=template_id, institution_id=institution_id, retired_at=at, retired_by=user_id
            )
        )

    def restore(self, connection: Connection, template_id: str, institution_id: str) -> None:
        connection.execute(
            delete(retirements).where(
                retirements.c.template_id == template_id, retirements.c.institution_id == institution_id
            )
        )

    def _add(self, connection: Connection, template: PublishedTemplate) -> None:
        connection.execute(
            insert(versions).values(
                template_id=template.ref.id,
                version=template.ref.version,
                institution_id=template.institution_id,
                content=template.content.model_dump(mode="json", exclude_defaults=True),
                copied_from=template.copied_from,
                published_at=template.published_at,
                published_by=template.published_by_id,
            )
        )


def offered(templates: Sequence[PublishedTemplate]) -> list[PublishedTemplate]:
    return [one for one in templates if not one.is_retired]


def _row(connection: Connection, ref: TemplateRef) -> Row[Any] | None:
    return connection.execute(
        select(versions).where(versions.c.template_id == ref.id, versions.c.version == ref.version)
    ).first()


def _published(row: Row[Any]) -> PublishedTemplate:
    return PublishedTemplate(
        ref=TemplateRef(row.template_id, row.version),
        content=_content(json.dumps(row.content)),
        institution_id=row.institution_id,
        published_at=row.published_at,
        published_by_id=row.published_by,
        copied_from=row.copied_from,
    )


@lru_cache(maxsize=256)  # versions never change
def _content(text: str) -> Template:
    return Template.model_validate_json(text)
