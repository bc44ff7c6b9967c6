"""Puts what waits into as few transactions as possible, and answers only after the commit."""

import asyncio
import logging
import traceback
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from ..contract.events import ParsedEvent
from ..contract.results import EventResult
from .announce import Announcer
from .db.engine import DatabaseUnavailable
from .db.record import Delivery, Recorded

log = logging.getLogger(__name__)
_STOPPING = "The service is stopping"


class QueueFull(Exception):
    """More events wait than the writer takes; nothing of this request was kept."""


class Stores(Protocol):
    """What the writer needs of the database."""

    async def store(self, deliveries: Sequence[Delivery]) -> Recorded:
        """Store all or nothing."""

    async def quarantine(self, delivery: Delivery, parsed: ParsedEvent, reason: str) -> None:
        """Keep an event that cannot be stored."""


class _Waiting:
    __slots__ = ("answer", "delivery")

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.answer: asyncio.Future[list[EventResult]] = asyncio.get_running_loop().create_future()


class Writer:
    """One task that drains a bounded queue.

    `max_waiting_events` bounds the queue; `max_transaction_events` one transaction.
    """

    def __init__(
        self,
        store: Stores,
        announcer: Announcer,
        *,
        max_waiting_events: int,
        max_transaction_events: int,
    ) -> None:
        self._store = store
        self._announcer = announcer
        self._max_waiting = max_waiting_events
        self._max_transaction = max_transaction_events
        self._queue: deque[_Waiting] = deque()
        self._taken: list[_Waiting] = []
        self._is_closed = False
        self._waiting_events = 0
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name="writer")

    def has_room(self) -> bool:
        """Whether another batch would be taken now."""
        return self._waiting_events < self._max_waiting

    async def write(self, delivery: Delivery) -> list[EventResult]:
        """Store a request's events; one result for each, after the commit.

        Raises `QueueFull` or `DatabaseUnavailable`; then nothing is stored.
        """
        if not delivery.events:
            return []
        if self._is_closed:
            raise DatabaseUnavailable(_STOPPING)
        if not self.has_room():
            raise QueueFull
        waiting = _Waiting(delivery)
        self._queue.append(waiting)
        self._waiting_events += len(delivery.events)
        self._idle.clear()
        self._wake.set()
        return await waiting.answer

    async def close(self, timeout_s: float) -> None:
        """Write what waits, for at most `timeout_s` seconds, and stop. Takes nothing any more."""
        self._is_closed = True
        try:
            await asyncio.wait_for(self._idle.wait(), timeout_s)
        except TimeoutError:
            log.warning("%d events wait still: their senders keep them", self._waiting_events)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for waiting in (*self._taken, *self._queue):
            _fail(waiting, DatabaseUnavailable(_STOPPING))

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                self._taken = self._take()
                try:
                    await self._write(self._taken)
                except Exception as error:
                    reason = _reason(error)
                    log.error("Events could not be written: %s\n%s", reason, _where(error))
                    for waiting in self._taken:
                        _fail(waiting, DatabaseUnavailable(reason))
            self._idle.set()

    def _take(self) -> list[_Waiting]:
        taken = [self._queue.popleft()]
        count = len(taken[0].delivery.events)
        while self._queue:
            following = len(self._queue[0].delivery.events)
            if count + following > self._max_transaction:
                break
            taken.append(self._queue.popleft())
            count += following
        self._waiting_events -= count
        return taken

    async def _write(self, taken: list[_Waiting]) -> None:
        try:
            recorded = await self._store.store([waiting.delivery for waiting in taken])
        except DatabaseUnavailable as error:
            log.warning("The database is not available: %s", error)
            for waiting in taken:
                _fail(waiting, error)
        except Exception as error:
            await self._split(taken, error)
        else:
            await self._announcer.announce(recorded.updates)
            for waiting, results in zip(taken, recorded.results, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(results)

    async def _split(self, taken: list[_Waiting], error: Exception) -> None:
        if len(taken) > 1:
            middle = len(taken) // 2
            await self._write(taken[:middle])
            await self._write(taken[middle:])
            return
        results = await self._store_parts(taken[0].delivery, error)
        if not taken[0].answer.done():
            taken[0].answer.set_result(results)

    async def _store_parts(self, delivery: Delivery, error: Exception) -> list[EventResult]:
        """Halve a delivery that cannot be stored, until what is wrong with it is alone."""
        if len(delivery.events) == 1:
            return [await self._quarantine(delivery, delivery.events[0], error)]
        middle = len(delivery.events) // 2
        results: list[EventResult] = []
        for part in (delivery.events[:middle], delivery.events[middle:]):
            results += await self._store_part(replace(delivery, events=part))
        return results

    async def _store_part(self, part: Delivery) -> list[EventResult]:
        try:
            recorded = await self._store.store([part])
        except DatabaseUnavailable:
            return [EventResult(event_id=p.event.event_id, status="retry") for p in part.events]
        except Exception as error:
            return await self._store_parts(part, error)
        await self._announcer.announce(recorded.updates)
        return recorded.results[0]

    async def _quarantine(
        self, delivery: Delivery, parsed: ParsedEvent, error: Exception
    ) -> EventResult:
        event_id, reason = parsed.event.event_id, _reason(error)
        name = delivery.person.name
        log.error("An event of %s cannot be stored: %s\n%s", name, reason, _where(error))
        try:
            await self._store.quarantine(delivery, parsed, reason)
        except DatabaseUnavailable:
            return EventResult(event_id=event_id, status="retry")
        return EventResult(
            event_id=event_id,
            status="rejected",
            code="quarantined",
            detail="The event could not be stored. It is kept for the administrator.",
        )


def _fail(waiting: _Waiting, error: Exception) -> None:
    if not waiting.answer.done():
        waiting.answer.set_exception(error)


def _reason(error: Exception) -> str:
    # A database's further lines can hold what a student wrote.
    return f"{type(error).__name__}: {error}".partition("\n")[0][:500]


def _where(error: Exception) -> str:
    return "".join(traceback.format_tb(error.__traceback__))
