"""Events to rows: what one transaction stores, and the updates that are announced after it."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from ...contract.events import (
    CellEvent,
    Event,
    EventsDropped,
    NotebookOpened,
    OtherEvent,
    ParsedEvent,
)
from ...contract.results import EventResult
from ...contract.updates import Update, class_channel, progress_channel
from ..class_of_notebook import Resolve
from ..ids import uuid_of
from ..people import Person
from ..refusals import detail_of_aside
from ..runs import Arrival, Run, Taken
from .channels import Cursors
from .delivery import Delivery, Recorded
from .messages import Announcing
from .record_errors import recount_patterns, save_patterns
from .record_notebooks import Notebook, Notebooks
from .record_openings import Openings
from .record_others import Aside, Others, Refused
from .record_people import save_people
from .record_progress import Success, save_progress
from .record_runs import (
    ChangedRun,
    RunKey,
    apply_to,
    event_uuid,
    place_of,
    read_runs,
    run_key,
    save_runs,
)
from .record_sessions import SessionKey, Sessions
from .recount import recount_cells, recount_progress, recount_runs
from .remove_notebooks import remove_empty

CONFLICT = "id_conflict"
_CONFLICT_REASON = "another event was stored under this id"
_CONFLICT_DETAIL = "Another event was stored under this id."


Item = tuple[Delivery, ParsedEvent, Arrival]


class Recording:
    """One transaction that stores deliveries. `now` is the server's clock."""

    def __init__(self, connection: Connection, resolve: Resolve, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self._cursors = Cursors(connection)
        self._sessions = Sessions(connection, now)
        self._notebooks = Notebooks(connection, self._sessions, resolve, now)
        self._openings = Openings(connection, self._notebooks, self._sessions, resolve, now)
        self._others = Others(connection)
        self._runs: dict[RunKey, ChangedRun] = {}
        self._changed: dict[RunKey, ChangedRun] = {}
        self._aside = Aside(connection)
        self._recounted: set[uuid.UUID] = set()
        self._homes: dict[tuple[str, str, str], Notebook] = {}
        self._last_sight: tuple[str, str, str, int] | None = None

    def store(self, deliveries: Sequence[Delivery]) -> Recorded:
        """Store all events. Raises what the database raises; then nothing is stored."""
        people = [delivery.person for delivery in deliveries]
        # Held until the commit: no other replica stores an event of these students meanwhile.
        self._cursors.lock(progress_channel(person.name) for person in people)
        save_people(self._connection, people, self._now)
        items = [
            [(delivery, parsed, _arrival(delivery, parsed)) for parsed in delivery.events]
            for delivery in deliveries
        ]
        self._load([item for several in items for item in several])
        taken = self._take_openings([item for several in items for item in several])
        self._load_of_runs([item for several in items for item in several])
        results = [[self._result(item, taken) for item in several] for several in items]
        return Recorded(results, self._save())

    def _load(self, items: Iterable[Item]) -> None:
        placed, openings, others, runs = set(), set(), set(), []
        for _, parsed, arrival in items:
            event = parsed.event
            if isinstance(event, OtherEvent | EventsDropped):
                others.add((event.student_id, arrival.event_id))
            if isinstance(event, CellEvent):
                runs.append(event)
            elif isinstance(event, NotebookOpened):
                openings.add((event.student_id, arrival.event_id))
            if event.session_id is not None:
                placed.add((event.student_id, event.session_id, event.notebook_path or ""))
        self._notebooks.load(((who, uuid_of(session)), path) for who, session, path in placed)
        self._openings.load(openings)
        self._others.load(others)
        self._keys = {id(event): run_key(event) for event in runs}

    def _take_openings(self, items: Iterable[Item]) -> dict[int, Taken]:
        taken = {
            id(parsed): self._openings.take(parsed, arrival, delivery.person)
            for delivery, parsed, arrival in items
            if isinstance(parsed.event, NotebookOpened)
        }
        self._openings.fold()
        return taken

    def _load_of_runs(self, items: Iterable[Item]) -> None:
        stored = read_runs(self._connection, (key for key, _ in self._keys.values()))
        self._stored_runs = stored
        self._notebooks.load_ids(run.notebook_id for run in stored.values())
        cells = {(run.notebook_id, run.cell_id) for run in stored.values()}
        events = (parsed.event for _, parsed, _ in items if isinstance(parsed.event, CellEvent))
        wanted = {(e.student_id, e.session_id, e.notebook_path, e.cell_id) for e in events}
        for who, session, path, cell_id in wanted:
            found = self._notebooks.find((who, uuid_of(session)), path)
            if found is not None:
                cells.add((found.notebook_id, cell_id))
        self._notebooks.load_cells(cells)

    def _notebook_of(self, event: Event, person: Person) -> Notebook:
        # By the texts as sent: to hash a UUID takes longer than all the rest.
        place = (event.student_id, event.session_id, event.notebook_path)
        known = self._homes.get(place)
        if known is None:
            known = self._notebooks.of_run(_session_key(event), event.notebook_path, person)
            self._homes[place] = known
        return known

    def _result(self, item: Item, openings: dict[int, Taken]) -> EventResult:
        delivery, parsed, arrival = item
        event = parsed.event
        if isinstance(event, NotebookOpened):
            taken = openings[id(parsed)]
        elif isinstance(event, CellEvent):
            taken = self._run(item, event)
        else:
            taken = self._others.take(parsed, arrival, lambda lost: self._lose(lost, delivery))
        event_id = event.event_id or str(arrival.event_id)
        if taken == "conflict":
            return self._refuse(item, event_id)
        # An `unknown` end that came too late has a number of its own, and it did come.
        self._sessions.count(event.student_id, event.session_id, event.seq)
        if not isinstance(event, OtherEvent):
            self._see(event, item)
        return EventResult(event_id=event_id, status=taken)

    def _refuse(self, item: Item, event_id: str) -> EventResult:
        delivery, parsed, arrival = item
        name, reason = delivery.person.name, f"{CONFLICT}: {_CONFLICT_REASON}"
        is_kept = self._aside.keep(Refused(name, parsed.raw, reason, arrival.received_at))
        detail = f"{_CONFLICT_DETAIL} {detail_of_aside(is_kept=is_kept)}"
        return EventResult(event_id=event_id, status="rejected", code=CONFLICT, detail=detail)

    def _see(self, event: Event, item: Item) -> None:
        delivery, _, arrival = item
        sight = (event.student_id, event.session_id, event.notebook_path, id(delivery))
        if sight == self._last_sight:
            return
        self._last_sight = sight
        key = _session_key(event)
        notebook = self._notebook_of(event, delivery.person)
        self._sessions.put(key, notebook.notebook_id, event.notebook_path, opened=False)
        self._sessions.see(key, event.session_id, arrival.sent_at, arrival.received_at)
        self._notebooks.touch(notebook)

    def _lose(self, event: EventsDropped, delivery: Delivery) -> Notebook:
        key = _session_key(event)
        notebook = self._notebooks.of_run(key, event.notebook_path, delivery.person)
        self._sessions.put(key, notebook.notebook_id, event.notebook_path, opened=False)
        self._sessions.drop(key, event.ranges)
        return notebook

    def _run(self, item: Item, event: CellEvent) -> Taken:
        delivery, parsed, arrival = item
        key, label = self._keys[id(event)]
        changed = self._runs.get(key)
        if changed is None:
            changed = self._runs[key] = self._known_run(key, event, label, item)
        taken = apply_to(changed, parsed, arrival)
        if taken == "stored":
            self._changed[key] = changed
            if changed.place != place_of(changed.run):
                self._settle(changed, delivery.person)
        return taken

    def _known_run(
        self, key: RunKey, event: CellEvent, label: str | None, item: Item
    ) -> ChangedRun:
        stored = self._stored_runs.get(key)
        session = _session_key(event)
        if stored is None:
            notebook = self._notebook_of(event, item[0].person)
        else:
            notebook = self._notebooks.of_id(stored.notebook_id)
        run = stored or Run(
            student_id=key[0],
            day=key[1],
            execution_id=key[2],
            execution_label=label,
            session_id=session[1],
            notebook_id=notebook.notebook_id,
            cell_id=event.cell_id,
            class_id=notebook.class_at(session[1], event.seq),
            received_at=item[2].received_at,
            notebook_path=event.notebook_path,
            seq=event.seq,
        )
        cell = self._notebooks.cell(notebook, run.cell_id)
        return ChangedRun(run, notebook, cell, stored is None, place_of(run))

    def _settle(self, changed: ChangedRun, person: Person) -> None:
        """Put a run where its start says; its end came first and named another place."""
        run = changed.run
        assert run.notebook_path is not None
        changed.place = place_of(run)
        notebook = self._notebooks.of_run(
            (run.student_id, run.session_id), run.notebook_path, person
        )
        cell = self._notebooks.cell(notebook, run.cell_id)
        if cell is not changed.cell:
            self._recounted |= {changed.notebook.notebook_id, notebook.notebook_id}
        changed.notebook, changed.cell = notebook, cell
        run.notebook_id = notebook.notebook_id
        class_id = notebook.class_at(run.session_id, run.seq)
        if class_id != run.class_id:
            run.class_id, changed.has_other_class = class_id, True
            self._recounted.add(notebook.notebook_id)

    def _save(self) -> list[Update]:
        changed = list(self._changed.values())
        self._others.save()
        self._aside.save()
        told = self._sessions.save()
        self._recounted |= {c.notebook.notebook_id for c in changed if c.is_recounted}
        self._recounted |= self._openings.refolded
        opened = self._openings.changed
        progress = save_progress(
            self._connection, self._notebooks, _successes(changed), opened, self._openings.began
        )
        notebooks = [*opened.values(), *map(self._notebooks.of_id, self._recounted)]
        notebooks += [self._notebooks.of_id(row["notebook_id"]) for row in told]
        classes = {n.class_id for n in notebooks} | {item.run.class_id for item in changed}
        self._cursors.lock(class_channel(class_id) for class_id in classes if class_id)
        self._notebooks.save()
        announcing = Announcing(self._connection, self._cursors, self._now)
        announcing.openings(opened.values())
        save_runs(self._connection, changed, self._cursors)
        save_patterns(self._connection, changed)
        announcing.runs(changed)
        announcing.progress(progress)
        announcing.deliveries(self._notebooks.of_id(row["notebook_id"]) for row in told)
        self._recount(announcing)
        remove_empty(self._connection, self._notebooks.unopened())
        self._cursors.save()
        return announcing.in_order()

    def _recount(self, announcing: Announcing) -> None:
        for notebook_id in sorted(self._recounted):
            notebook = self._notebooks.of_id(notebook_id)
            of_cells = recount_cells(self._connection, notebook)
            recounted = recount_runs(self._connection, notebook, self._cursors)
            change = recount_progress(self._connection, notebook, of_cells)
            for class_id in sorted(recounted.classes):
                recount_patterns(self._connection, class_id)
            announcing.recounted(notebook, recounted)
            announcing.progress([change] if change else [])


def _arrival(delivery: Delivery, parsed: ParsedEvent) -> Arrival:
    return Arrival(
        event_uuid(parsed),
        parsed.payload_sha256(),
        parsed.extra,
        delivery.sent_at,
        delivery.received_at,
    )


def _session_key(event: Event) -> SessionKey:
    return event.student_id, uuid_of(event.session_id)


def _successes(changed: Iterable[ChangedRun]) -> Iterable[Success]:
    for item in changed:
        run = item.run
        if run.status == "completed" and "completed" in item.statuses and run.ended_at is not None:
            yield Success(item.notebook, item.cell, run.ended_at)
