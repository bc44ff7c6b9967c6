"""A database of a test, what is sent to it, and what it holds then."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from jupyter_cell_monitor_server.contract.people import Role
from jupyter_cell_monitor_server.contract.updates import Update, class_channel
from jupyter_cell_monitor_server.service.class_of_notebook import DEFAULT_PATTERNS, resolver
from jupyter_cell_monitor_server.service.db import tables
from jupyter_cell_monitor_server.service.db.delivery import Delivery
from jupyter_cell_monitor_server.service.db.engine import create_engine, reading, writing
from jupyter_cell_monitor_server.service.db.missed import read_missed
from jupyter_cell_monitor_server.service.db.store import Store
from jupyter_cell_monitor_server.service.people import Person

from .made import CLASS, NOON, Json, parsed


def ticking(start: datetime = NOON) -> Iterator[datetime]:
    """A clock that goes on by a millisecond each time it is read."""
    while True:
        yield start
        start += timedelta(milliseconds=1)


def person(name: str = "ai", role: Role = "student", *classes: str) -> Person:
    """Somebody in these classes, or else in the tests' own."""
    return Person(name, dict.fromkeys(classes or (CLASS,), role), may_teach=role == "teacher")


class Database:
    """A store on one database, and its updates as they were announced."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = create_engine(url)
        self._clock = ticking()
        self.store = Store(self.engine, resolver(DEFAULT_PATTERNS), self.now)
        self.announced: list[Update] = []

    async def close(self) -> None:
        """Close all connections."""
        self.store.close()
        await self.engine.dispose()

    def now(self) -> datetime:
        """The service's clock in these tests."""
        return next(self._clock)

    def delivery(self, *events: Json, who: Person | None = None) -> Delivery:
        """A request with these events."""
        return Delivery(who or person(events[0]["student_id"]), parsed(*events), self.now())

    async def send(self, *events: Json, who: Person | None = None) -> list[str]:
        """Store the events in one transaction; the status of each."""
        recorded = await self.store.store([self.delivery(*events, who=who)])
        self.announced += recorded.updates
        return [result.status for result in recorded.results[0]]

    async def send_together(self, *requests: Sequence[Json]) -> list[str]:
        """Store several requests in one transaction; the status of each event."""
        recorded = await self.store.store([self.delivery(*events) for events in requests])
        self.announced += recorded.updates
        return [result.status for results in recorded.results for result in results]

    async def rows(self, table: str, **equal: Any) -> list[dict[str, Any]]:
        """All rows of a table with these values."""
        found = tables.metadata.tables[table]
        query = found.select().where(*(found.c[name] == value for name, value in equal.items()))
        async with reading(self.engine) as connection:
            return [dict(row) for row in (await connection.execute(query)).mappings()]

    async def row(self, table: str, **equal: Any) -> dict[str, Any]:
        """The only such row."""
        [row] = await self.rows(table, **equal)
        return row

    async def sql(self, statement: str) -> None:
        """Run a statement of this database's own."""
        async with writing(self.engine) as connection:
            await connection.execute(text(statement))

    async def missed(self, since: int = 0, class_id: str = CLASS, limit: int = 1000) -> Any:
        """What a follower of the class gets who has seen all up to `since`."""
        async with reading(self.engine) as connection:
            return await read_missed(connection, class_id, since, limit)

    def live(self, class_id: str = CLASS) -> Sequence[Update]:
        """What was announced to the class."""
        return [u for u in self.announced if u.channel == class_channel(class_id)]
