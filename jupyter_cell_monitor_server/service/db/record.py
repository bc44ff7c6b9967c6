"""Events to rows: what one transaction stores, and the updates that are announced after it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from ...contract.events import (
    CellEvent,
    EventsDropped,
    NotebookOpened,
    OtherEvent,
    ParsedEvent,
)
from ...contract.results import EventResult
from ...contract.updates import Update, class_channel, progress_channel
from ..class_of_notebook import Resolve
from ..ids import content_uuid, uuid_of
from ..people import Person
from ..runs import Run
from . import messages
from .channels import Cursors
from .record_notebooks import Notebook, Notebooks
from .record_people import save_people
from .record_progress import ProgressChange, save_progress
from .record_runs import ChangedRun, RunKey, apply_to, event_uuid, read_runs, run_key, save_runs
from .rows import find, insert, insert_new
from .tables import other_events, quarantined_events, updates


@dataclass(frozen=True, slots=True)
class Delivery:
    """The valid events of one request: they share their sender, and when it was sent and came.

    `sent_at` is by the browser's clock, `received_at` by the service's.
    """

    person: Person
    events: Sequence[ParsedEvent]
    received_at: datetime
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a transaction did: the results of each delivery, and the updates in cursor order."""

    results: list[list[EventResult]]
    updates: list[Update]


class Recording:
    """One transaction that stores deliveries. `now` is the server's clock."""

    def __init__(self, connection: Connection, resolve: Resolve, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self._notebooks = Notebooks(connection, resolve, now)
        self._cursors = Cursors(connection)
        self._runs: dict[RunKey, ChangedRun] = {}
        self._changed: dict[RunKey, ChangedRun] = {}
        self._opened: dict[uuid.UUID, Notebook] = {}
        self._others: dict[
            tuple[str, uuid.UUID], tuple[OtherEvent | EventsDropped, ParsedEvent, datetime]
        ] = {}

    def store(self, deliveries: Sequence[Delivery]) -> Recorded:
        """Store all events. Raises what the database raises; then nothing is stored."""
        people = [delivery.person for delivery in deliveries]
        self._cursors.lock(progress_channel(person.name) for person in people)
        save_people(self._connection, people, self._now)
        stored_others = self._load(deliveries)
        results = [
            [self._take(delivery, parsed, stored_others) for parsed in delivery.events]
            for delivery in deliveries
        ]
        return Recorded(results, self._save())

    def _load(self, deliveries: Sequence[Delivery]) -> set[tuple[str, uuid.UUID]]:
        events = [parsed for delivery in deliveries for parsed in delivery.events]
        placed = [p.event for p in events if isinstance(p.event, CellEvent | NotebookOpened)]
        wanted = {(e.student_id, e.session_id, e.notebook_path) for e in placed}
        wanted |= {
            (e.student_id, e.session_id, e.renamed_from)
            for e in placed
            if isinstance(e, NotebookOpened) and e.renamed_from
        }
        self._notebooks.load(wanted)
        of_cells = [event for event in placed if isinstance(event, CellEvent)]
        self._keys = {id(event): run_key(event) for event in of_cells}
        found = [(self._notebooks.find(event), event.cell_id) for event in of_cells]
        self._notebooks.load_cells((n.notebook_id, cell_id) for n, cell_id in found if n)
        self._stored_runs = read_runs(self._connection, (key for key, _ in self._keys.values()))
        self._notebooks.load_ids(run.notebook_id for run in self._stored_runs.values())
        others = {
            (p.event.student_id, event_uuid(p))
            for p in events
            if isinstance(p.event, OtherEvent | EventsDropped)
        }
        key = ("student_id", "event_id")
        rows = find(self._connection, other_events, key, others, key)
        return {(row["student_id"], row["event_id"]) for row in rows}

    def _take(
        self, delivery: Delivery, parsed: ParsedEvent, stored: set[tuple[str, uuid.UUID]]
    ) -> EventResult:
        event, event_id = parsed.event, event_uuid(parsed)
        if isinstance(event, NotebookOpened):
            is_new = self._open(event, delivery.person)
        elif isinstance(event, CellEvent):
            is_new = self._run(parsed, event, event_id, delivery)
        else:
            key = (event.student_id, event_id)
            is_new = key not in stored and key not in self._others
            if is_new:
                self._others[key] = (event, parsed, delivery.received_at)
        return EventResult(
            event_id=event.event_id or str(event_id), status="stored" if is_new else "duplicate"
        )

    def _open(self, event: NotebookOpened, person: Person) -> bool:
        notebook, changed = self._notebooks.open(event, person)
        if changed:
            self._opened[notebook.notebook_id] = notebook
        return changed

    def _run(
        self, parsed: ParsedEvent, event: CellEvent, event_id: uuid.UUID, delivery: Delivery
    ) -> bool:
        key, label = self._keys[id(event)]
        item = self._runs.get(key)
        if item is None:
            item = self._known_run(key, event, label, delivery)
            self._runs[key] = item
        self._notebooks.see(event, item.notebook)
        is_new = apply_to(item, parsed, event_id)
        if is_new:
            self._changed[key] = item
        return is_new

    def _known_run(
        self, key: RunKey, event: CellEvent, label: str | None, delivery: Delivery
    ) -> ChangedRun:
        stored = self._stored_runs.get(key)
        if stored is None:
            notebook = self._notebooks.of_run(event, delivery.person)
        else:
            notebook = self._notebooks.of_id(stored.notebook_id)
        run = stored or Run(
            student_id=key[0],
            day=key[1],
            execution_id=key[2],
            execution_label=label,
            session_id=uuid_of(event.session_id),
            notebook_id=notebook.notebook_id,
            cell_id=event.cell_id,
            class_id=notebook.class_id,
            received_at=delivery.received_at,
        )
        self._notebooks.load_cells([(notebook.notebook_id, run.cell_id)])
        cell = self._notebooks.cell(notebook, run.cell_id)
        return ChangedRun(run, notebook, cell, is_new=stored is None)

    def _save(self) -> list[Update]:
        changed = list(self._changed.values())
        progress = save_progress(
            self._connection, self._notebooks, changed, self._opened, self._now
        )
        classes = {n.class_id for n in self._opened.values() if n.class_id}
        classes |= {item.run.class_id for item in changed if item.run.class_id}
        self._cursors.lock(class_channel(class_id) for class_id in classes)
        self._notebooks.save()
        opened = self._save_opened()
        save_runs(self._connection, changed, self._cursors)
        self._save_others()
        sent = [*opened, *self._run_messages(changed, progress)]
        self._cursors.save()
        return sorted(sent, key=lambda update: (update.channel, update.cursor))

    def _run_messages(
        self, changed: Sequence[ChangedRun], progress: Sequence[ProgressChange]
    ) -> list[Update]:
        sent: list[Update] = []
        for item in changed:
            sent.extend(messages.of_run(item, self._cursors))
        sent.extend(messages.of_progress(change, self._cursors, self._now) for change in progress)
        return sent

    def _save_opened(self) -> list[Update]:
        of_class = [n for n in self._opened.values() if n.class_id is not None]
        sent = [messages.of_opening(n, self._cursors, self._now) for n in of_class]
        rows = [
            {
                "channel": message.channel,
                "cursor": message.cursor,
                "event": message.event,
                "payload": msgspec.to_builtins(message),
                "created_at": self._now,
            }
            for message in sent
        ]
        insert(self._connection, updates, rows)
        return list(sent)

    def _save_others(self) -> None:
        rows = [
            {
                "student_id": student_id,
                "event_id": event_id,
                "event_type": event.event_type,
                "timestamp": event.timestamp,
                "received_at": received_at,
                "payload": msgspec.json.decode(parsed.raw),
            }
            for (student_id, event_id), (event, parsed, received_at) in self._others.items()
        ]
        insert_new(self._connection, other_events, rows)


def quarantine(
    connection: Connection, delivery: Delivery, parsed: ParsedEvent, reason: str
) -> None:
    """Keep an event that cannot be stored, with its bytes and the reason."""
    row = {
        "student_id": delivery.person.name,
        "event_id": content_uuid(parsed.raw),
        "received_at": delivery.received_at,
        "reason": reason,
        "raw": parsed.raw,
    }
    insert_new(connection, quarantined_events, [row])
