"""An ingest of a test, and a store that keeps the bytes of what is stored."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from jupyter_cell_monitor_server.contract.batches import BatchError
from jupyter_cell_monitor_server.contract.events import ParsedEvent
from jupyter_cell_monitor_server.contract.results import EventResult
from jupyter_cell_monitor_server.service.announce import Announcer
from jupyter_cell_monitor_server.service.bus.memory import MemoryBus
from jupyter_cell_monitor_server.service.db.delivery import Delivery, Recorded
from jupyter_cell_monitor_server.service.db.engine import DatabaseUnavailable
from jupyter_cell_monitor_server.service.inflating import BodyTooLarge
from jupyter_cell_monitor_server.service.ingest import Ingest
from jupyter_cell_monitor_server.service.writer import Writer, WriterLimits

from .database import person
from .made import NOON


class Kept:
    """The twin of `Store`: keeps the bytes of what is stored; the status of each may be chosen."""

    def __init__(self) -> None:
        self.raws: list[bytes] = []
        self.statuses: dict[str, str] = {}
        self.is_away = False

    async def store(self, deliveries: Sequence[Delivery]) -> Recorded:
        """Keep all."""
        if self.is_away:
            raise DatabaseUnavailable("away")
        self.raws += [parsed.raw for delivery in deliveries for parsed in delivery.events]
        return Recorded([[self._result(p) for p in one.events] for one in deliveries], [])

    def _result(self, parsed: ParsedEvent) -> EventResult:
        event_id = parsed.event.event_id or ""
        status: Any = self.statuses.get(event_id, "stored")
        return EventResult(event_id=event_id, status=status)

    async def quarantine(self, delivery: Delivery, parsed: ParsedEvent, reason: str) -> bool:
        """Never."""
        raise AssertionError(reason)


@asynccontextmanager
async def taking(
    store: Any, now: Callable[[], datetime] = lambda: NOON, **settings: Any
) -> AsyncIterator[Ingest]:
    """An ingest into a store."""
    writer = Writer(store, Announcer(MemoryBus()), WriterLimits(1000, 1000))
    writer.start()
    try:
        yield Ingest(writer, now, **settings)
    finally:
        await writer.close(0)


def a_batch(raws: Sequence[bytes]) -> bytes:
    """A batch of these bytes."""
    return b'{"events": [' + b",".join(raws) + b"]}"


async def deliver(ingest: Ingest, raws: Sequence[bytes]) -> list[EventResult]:
    """Send as a browser does: a batch that is refused as a whole is halved."""
    try:
        results = await ingest.take(person(), a_batch(raws))
    except (BatchError, BodyTooLarge) as error:
        if len(raws) == 1:
            return [EventResult(event_id=None, status="rejected", detail=str(error))]
        middle = len(raws) // 2
        first = await deliver(ingest, raws[:middle])
        return first + await deliver(ingest, raws[middle:])
    assert len(results) == len(raws)
    return results
