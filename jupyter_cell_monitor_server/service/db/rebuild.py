"""Computes again all that follows from the stored events, and writes what differs.

Each transaction is small: a student's places, a notebook's cells, some hundred runs, a student's
sessions, a class's patterns. What is stored itself is never changed, so that a rebuild may stop
at any time and be run again, also beside a service that goes on.
"""

import uuid
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, select

from ...contract.updates import class_channel, progress_channel
from .. import seq_ranges
from ..class_of_notebook import Resolve
from .channels import Cursors
from .engine import Transactions
from .record_errors import recount_patterns
from .record_notebooks import Notebook
from .record_runs import RunKey
from .record_sessions import counts
from .recount import recount_cells, recount_progress, recount_runs
from .refold import refold
from .rows import find, update
from .tables import (
    cell_executions,
    class_members,
    classes,
    dropped_events,
    error_patterns,
    notebook_openings,
    notebooks,
    other_events,
    sessions,
    students,
)

RUNS_AT_ONCE = 500

Report = Callable[[int, int], None]
"""Told how many of how many parts are done."""


class Rebuild:
    """One rebuild of a whole database."""

    def __init__(
        self, transactions: Transactions, resolve: Resolve, now: Callable[[], datetime]
    ) -> None:
        self._transactions = transactions
        self._resolve = resolve
        self._now = now

    async def run(self, report: Report) -> None:
        """Rebuild everything. Raises `DatabaseUnavailable`; what is done by then stays."""
        names = await self._transactions.run(_students)
        class_ids = await self._transactions.run(_classes)
        total = len(names) + len(class_ids)
        report(0, total)
        for done, name in enumerate(names, start=1):
            await self._student(name)
            report(done, total)
        for done, class_id in enumerate(class_ids, start=len(names) + 1):
            await self._transactions.run(partial(_patterns, class_id=class_id))
            report(done, total)

    async def _student(self, name: str) -> None:
        ids = await self._transactions.run(partial(self._place, name=name))
        for notebook_id in ids:
            await self._transactions.run(partial(_cells, name=name, notebook_id=notebook_id))
            after: RunKey | None = None
            while True:
                part = partial(_runs, name=name, notebook_id=notebook_id, after=after)
                after = await self._transactions.run(part)
                if after is None:
                    break
        await self._transactions.run(partial(_sessions, name=name))

    def _place(self, connection: Connection, name: str) -> list[uuid.UUID]:
        Cursors(connection).lock([progress_channel(name)])
        query = select(class_members.c.class_id).where(class_members.c.student_id == name)
        member_of = set(connection.execute(query).scalars())
        refold(connection, name, lambda path: self._resolve(path, {}, None, member_of), self._now())
        mine = select(notebooks.c.notebook_id).where(notebooks.c.student_id == name)
        return sorted(connection.execute(mine).scalars())


def _students(connection: Connection) -> list[str]:
    query = select(students.c.user_id).order_by(students.c.user_id)
    return list(connection.execute(query).scalars())


def _classes(connection: Connection) -> list[str]:
    queries = (select(classes.c.class_id), select(error_patterns.c.class_id).distinct())
    return sorted({name for query in queries for name in connection.execute(query).scalars()})


def _patterns(connection: Connection, class_id: str) -> None:
    Cursors(connection).lock([class_channel(class_id)])
    recount_patterns(connection, class_id)


def _notebook(connection: Connection, notebook_id: uuid.UUID) -> Notebook | None:
    found = find(connection, notebooks, ("notebook_id",), {(notebook_id,)})
    return next((Notebook(**row) for row in found), None)


def _cells(connection: Connection, name: str, notebook_id: uuid.UUID) -> None:
    Cursors(connection).lock([progress_channel(name)])
    notebook = _notebook(connection, notebook_id)
    if notebook is not None:
        recount_progress(connection, notebook, recount_cells(connection, notebook))


def _runs(
    connection: Connection, name: str, notebook_id: uuid.UUID, after: RunKey | None
) -> RunKey | None:
    """Recount the runs after one of them; the last one, None where there were no more."""
    cursors = Cursors(connection)
    cursors.lock([progress_channel(name)])
    notebook = _notebook(connection, notebook_id)
    if notebook is None:
        return None
    if notebook.class_id is not None:
        cursors.lock([class_channel(notebook.class_id)])
    recounted = recount_runs(connection, notebook, cursors, after, RUNS_AT_ONCE)
    cursors.save()
    return recounted.last


def _sessions(connection: Connection, name: str) -> None:
    Cursors(connection).lock([progress_channel(name)])
    received, dropped = _numbers(connection, name), _dropped(connection, name)
    changed = []
    for row in find(connection, sessions, ("student_id",), {(name,)}):
        if row["seq_ranges"] is None:
            continue  # of a release that did not keep them, and nothing came since
        session_id = row["session_id"]
        # An `unknown` end that gave way is known from here alone: nothing is taken away.
        ranges = seq_ranges.with_numbers(row["seq_ranges"], received[session_id])
        given_up = dropped[session_id] or None
        missing, lost = counts(ranges, given_up or [])
        values = (ranges, given_up, missing, lost)
        wanted = row | dict(zip(_COUNTED, values, strict=True))
        if wanted != row:
            changed.append({key: wanted[key] for key in ("student_id", "session_id", *_COUNTED)})
    update(connection, sessions, changed)


_COUNTED = ("seq_ranges", "dropped_ranges", "missing_events", "dropped_events")


def _numbers(connection: Connection, name: str) -> dict[uuid.UUID, list[int]]:
    run = cell_executions.c
    sources = (
        (run.session_id, run.seq, cell_executions),
        (run.end_session_id, run.end_seq, cell_executions),
        (notebook_openings.c.session_id, notebook_openings.c.seq, notebook_openings),
        (other_events.c.session_id, other_events.c.seq, other_events),
    )
    found: dict[uuid.UUID, list[int]] = defaultdict(list)
    for session_id, seq, table in sources:
        query = select(session_id, seq).where(table.c.student_id == name, seq.is_not(None))
        for key, number in connection.execute(query):
            found[key].append(number)
    return found


def _dropped(connection: Connection, name: str) -> dict[uuid.UUID, seq_ranges.Ranges]:
    found: dict[uuid.UUID, seq_ranges.Ranges] = defaultdict(list)
    lost = dropped_events.c
    query = select(lost.session_id, lost.ranges).where(lost.student_id == name)
    for key, ranges in connection.execute(query):
        found[key] = seq_ranges.union(found[key], ranges)
    return found
