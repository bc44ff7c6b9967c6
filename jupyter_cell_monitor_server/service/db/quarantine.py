"""What was put aside: listed, shown, and deleted, by `student_id` or by the id of a row."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from ...contract.people import Role
from .tables import class_members, quarantined_events


@dataclass(frozen=True, slots=True)
class Aside:
    """An event that is kept for the administrator. `size_bytes` is that of the event."""

    event_id: uuid.UUID
    student_id: str
    received_at: datetime
    reason: str
    size_bytes: int


def list_aside(
    connection: Connection, student_id: str | None = None, limit: int | None = None
) -> list[Aside]:
    """Newest first."""
    row = quarantined_events.c
    query = (
        select(row.event_id, row.student_id, row.received_at, row.reason, func.length(row.raw))
        .order_by(row.received_at.desc(), row.event_id)
        .limit(limit)
    )
    if student_id is not None:
        query = query.where(row.student_id == student_id)
    return [Aside(*found) for found in connection.execute(query)]


def raw_of(connection: Connection, event_id: uuid.UUID) -> tuple[str, bytes] | None:
    """Whose event it is, and its bytes as they came."""
    row = quarantined_events.c
    query = select(row.student_id, row.raw).where(row.event_id == event_id)
    found = connection.execute(query.limit(1)).first()
    return None if found is None else (found.student_id, found.raw)


def delete_aside(connection: Connection, event_ids: Collection[uuid.UUID]) -> int:
    """How many of these were there; they are gone."""
    statement = delete(quarantined_events)
    deleted = 0
    for event_id in event_ids:
        same = quarantined_events.c.event_id == event_id
        deleted += connection.execute(statement.where(same)).rowcount
    return deleted


def roles_of(connection: Connection, student_id: str) -> dict[str, Role]:
    """The classes that somebody is stored to be in."""
    member = class_members.c
    query = select(member.class_id, member.role).where(member.student_id == student_id)
    return {row.class_id: row.role for row in connection.execute(query)}
