"""The database as the writer and the handlers see it: whole transactions, no SQL."""

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from ...contract.events import ParsedEvent, RejectedEvent, parse_event
from ...contract.people import Role
from ...contract.times import CHECKED
from ..class_of_notebook import Resolve
from ..people import Person
from .delivery import Delivery, Recorded
from .engine import DatabaseUnavailable, Transactions, reading
from .quarantine import Aside, delete_aside, list_aside, raw_of, roles_of
from .rebuild import Rebuild, Report
from .record import Recording
from .record_others import quarantine
from .record_people import replace_members

MAX_RACES = 4
_UNIQUE_VIOLATION = "23505"


class Store:
    """Writes in transactions of its own. Every method may raise `DatabaseUnavailable`."""

    def __init__(self, engine: AsyncEngine, resolve: Resolve, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._transactions = Transactions(engine)
        self._resolve = resolve
        self._now = now

    async def store(self, deliveries: Sequence[Delivery]) -> Recorded:
        """Store all or nothing; on return it is committed.

        Where another replica has stored the same key meanwhile, it begins again and finds it.
        """
        for _ in range(MAX_RACES):
            try:
                return await self._store(deliveries)
            except IntegrityError as error:
                if not _is_lost_race(error):
                    raise
        return await self._store(deliveries)

    async def _store(self, deliveries: Sequence[Delivery]) -> Recorded:
        return await self._transactions.run(
            lambda connection: Recording(connection, self._resolve, self._now()).store(deliveries)
        )

    async def quarantine(self, delivery: Delivery, parsed: ParsedEvent, reason: str) -> bool:
        """Keep an event that cannot be stored; whether there is room for it."""
        return await self._transactions.run(
            lambda connection: quarantine(connection, delivery, parsed, reason)
        )

    async def list_aside(
        self, student_id: str | None = None, limit: int | None = None
    ) -> list[Aside]:
        """Events that were put aside, newest first."""
        return await self._transactions.run(lambda c: list_aside(c, student_id, limit))

    async def aside(self, event_id: uuid.UUID) -> tuple[str, bytes] | None:
        """Whose an event is that was put aside, and its bytes."""
        return await self._transactions.run(lambda c: raw_of(c, event_id))

    async def delete_aside(self, event_ids: Collection[uuid.UUID]) -> int:
        """Delete what was put aside; how many there were."""
        return await self._transactions.run(lambda c: delete_aside(c, event_ids))

    async def replay(self, event_id: uuid.UUID, student_id: str, raw: bytes) -> str | None:
        """Store again what was put aside. None where it is stored, else why it is not."""
        parsed = parse_event(raw, CHECKED)
        if isinstance(parsed, RejectedEvent):
            return f"{parsed.code}: {parsed.detail}"
        if parsed.event.student_id != student_id:
            return "wrong_student: the event names another student than the one who sent it"
        roles = await self._transactions.run(lambda c: roles_of(c, student_id))
        person = Person(student_id, roles, may_teach=False)
        try:
            recorded = await self.store([Delivery(person, [parsed], self._now())])
        except DatabaseUnavailable:
            raise
        except Exception as error:
            return f"{type(error).__name__}: {error}".partition("\n")[0]
        [[result]] = recorded.results
        if result.status not in {"stored", "duplicate"}:
            return f"{result.code}: {result.detail}"
        await self.delete_aside([event_id])
        return None

    async def rebuild(self, report: Report) -> None:
        """Compute again all that follows from the stored events."""
        await Rebuild(self._transactions, self._resolve, self._now).run(report)

    async def replace_members(self, members: Mapping[str, Mapping[str, Role]]) -> None:
        """Make the members of each class what the Hub's groups say now."""
        await self._transactions.run(lambda connection: replace_members(connection, members))

    async def ping(self) -> None:
        """Return where the database answers."""
        async with reading(self._engine) as connection:
            await connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Write nothing more."""
        self._transactions.close()


def _is_lost_race(error: IntegrityError) -> bool:
    # SQLite has one writer at a time: there a key that is there twice is a fault of ours.
    return getattr(error.orig, "sqlstate", None) == _UNIQUE_VIOLATION
