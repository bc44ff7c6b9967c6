"""A writer whose store commits when a test says so."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from jupyter_cell_monitor_server.contract.events import ParsedEvent
from jupyter_cell_monitor_server.contract.results import EventResult
from jupyter_cell_monitor_server.service.announce import Announcer
from jupyter_cell_monitor_server.service.bus.memory import MemoryBus
from jupyter_cell_monitor_server.service.db.delivery import Delivery, Recorded
from jupyter_cell_monitor_server.service.writer import Writer, WriterLimits

from .database import person
from .made import NOON, parsed, start


class HeldStore:
    """The writer's port to the database, which commits when a test says so.

    No real database can be held between a transaction and its commit.
    """

    def __init__(self) -> None:
        self.may_commit = asyncio.Event()
        self.began = asyncio.Event()
        self.transactions: list[int] = []

    async def store(self, deliveries: Sequence[Delivery]) -> Recorded:
        self.transactions.append(sum(len(delivery.events) for delivery in deliveries))
        self.began.set()
        await self.may_commit.wait()
        results = [
            [EventResult(event_id=p.event.event_id, status="stored") for p in delivery.events]
            for delivery in deliveries
        ]
        return Recorded(results, [])

    async def quarantine(self, delivery: Delivery, parsed: ParsedEvent, reason: str) -> bool:
        raise AssertionError("nothing is wrong with these events")


def a_delivery(count: int = 1, who: str = "ai") -> Delivery:
    events = parsed(*(start(who, run=str(n), event_id=f"e-{n}") for n in range(count)))
    return Delivery(person(who), events, NOON)


@asynccontextmanager
async def writing_to(store: Any, bus: Any = None, **bounds: Any) -> AsyncIterator[Writer]:
    chosen = {"max_waiting_events": 1000, "max_transaction_events": 1000} | bounds
    writer = Writer(store, Announcer(bus or MemoryBus()), WriterLimits(**chosen))
    writer.start()
    try:
        yield writer
    finally:
        await writer.close(0)
