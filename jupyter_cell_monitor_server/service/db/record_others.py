"""Events of one transaction that are no run: losses, unknown types, and what is put aside."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from ...contract.events import EventsDropped, OtherEvent, ParsedEvent
from ..ids import content_uuid, uuid_of
from ..runs import Arrival, Taken
from .delivery import Delivery
from .record_notebooks import Notebook
from .rows import Row, find, insert, insert_new
from .tables import dropped_events, other_events, quarantined_events

MAX_QUARANTINED = 1_000
EventKey = tuple[str, uuid.UUID]
_KEY = ("student_id", "event_id")


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that is put aside, with its bytes and the reason."""

    student_id: str
    raw: bytes
    reason: str
    received_at: datetime


class Others:
    """Losses and events of unknown types: each is stored once, as it came."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._stored: dict[EventKey, bytes | None] = {}
        self._others: list[Row] = []
        self._dropped: list[tuple[Row, Notebook]] = []

    def load(self, keys: Iterable[EventKey]) -> None:
        """Read which of these are stored."""
        wanted = set(keys)
        for table in (other_events, dropped_events):
            for row in find(self._connection, table, _KEY, wanted, (*_KEY, "payload_sha256")):
                self._stored[row["student_id"], row["event_id"]] = row["payload_sha256"]

    def take(
        self, parsed: ParsedEvent, arrival: Arrival, place: Callable[[EventsDropped], Notebook]
    ) -> Taken:
        """Take an event; `place` says which notebook lost something."""
        event = parsed.event
        assert isinstance(event, EventsDropped | OtherEvent)
        key = (event.student_id, arrival.event_id)
        if key in self._stored:
            stored = self._stored[key]
            return "duplicate" if stored in {None, arrival.sha256} else "conflict"
        self._stored[key] = arrival.sha256
        if isinstance(event, EventsDropped):
            self._dropped.append((_dropped_row(event, parsed, arrival), place(event)))
        else:
            self._others.append(_other_row(event, parsed, arrival))
        return "stored"

    def save(self) -> None:
        """Write what is new."""
        insert(self._connection, other_events, self._others)
        rows = [
            row | {"notebook_id": notebook.notebook_id, "class_id": notebook.class_id}
            for row, notebook in self._dropped
        ]
        insert(self._connection, dropped_events, rows)


def _other_row(event: OtherEvent, parsed: ParsedEvent, arrival: Arrival) -> Row:
    return {
        "student_id": event.student_id,
        "event_id": arrival.event_id,
        "event_type": event.event_type,
        "timestamp": event.timestamp,
        "received_at": arrival.received_at,
        "payload": parsed.fields(),
        "session_id": None if event.session_id is None else uuid_of(event.session_id),
        "seq": event.seq,
        "payload_sha256": arrival.sha256,
    }


def _dropped_row(event: EventsDropped, parsed: ParsedEvent, arrival: Arrival) -> Row:
    return {
        "student_id": event.student_id,
        "event_id": arrival.event_id,
        "session_id": uuid_of(event.session_id),
        "notebook_path": event.notebook_path,
        "ranges": event.ranges,
        "count": event.count,
        "reason": event.reason,
        "timestamp": event.timestamp,
        "sent_at": arrival.sent_at,
        "received_at": arrival.received_at,
        "payload_sha256": arrival.sha256,
        "extra": parsed.extra or None,
    }


class Aside:
    """Refused events of one transaction: each is kept once, up to a bound for each student."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._kept: dict[str, set[uuid.UUID]] = {}
        self._rows: list[Row] = []

    def keep(self, item: Refused) -> bool:
        """Whether `save` keeps it, or it is kept already."""
        kept = self._kept.get(item.student_id)
        if kept is None:
            kept = self._kept[item.student_id] = self._stored(item.student_id)
        row = _aside_row(item)
        if row["event_id"] in kept:
            return True
        if len(kept) >= MAX_QUARANTINED:
            return False
        kept.add(row["event_id"])
        self._rows.append(row)
        return True

    def _stored(self, student_id: str) -> set[uuid.UUID]:
        aside = quarantined_events.c
        query = select(aside.event_id).where(aside.student_id == student_id)
        return set(self._connection.execute(query).scalars())

    def save(self) -> None:
        """Write what is new."""
        insert_new(self._connection, quarantined_events, self._rows)


def _aside_row(item: Refused) -> Row:
    return {
        "student_id": item.student_id,
        "event_id": content_uuid(item.raw),
        "received_at": item.received_at,
        "reason": item.reason,
        "raw": item.raw,
    }


def quarantine(
    connection: Connection, delivery: Delivery, parsed: ParsedEvent, reason: str
) -> bool:
    """Keep an event that cannot be stored, with its bytes and the reason; whether there is room."""
    aside = Aside(connection)
    is_kept = aside.keep(Refused(delivery.person.name, parsed.raw, reason, delivery.received_at))
    aside.save()
    return is_kept
