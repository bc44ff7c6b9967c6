"""Puts what waits into as few transactions as possible, and answers only after the commit."""

import asyncio
import logging
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ..contract.events import ParsedEvent
from ..contract.results import EventResult
from .announce import Announcer
from .bounds import Busy
from .db.delivery import Delivery, Recorded
from .db.engine import DatabaseUnavailable
from .quota import TooMany
from .refusals import detail_of_aside
from .turns import Turns

log = logging.getLogger(__name__)
_STOPPING = "The service is stopping"


# What one user gets of a transaction: whoever comes behind a flood waits for no more of it.
_SHARE = 5
_USER_RETRY_AFTER_S = 2.0


class QueueFull(Busy):
    """More events wait than the writer takes; nothing of this request was kept."""

    def __init__(self) -> None:
        super().__init__("queue_full", "Too much waits to be stored. Try again.")


@dataclass(frozen=True)
class WriterLimits:
    """How many events may wait, in all and of one user, and one transaction stores.

    `answer_s`: after so many seconds a sender is told to keep what is not stored yet.
    """

    max_waiting_events: int
    max_transaction_events: int
    max_user_events: int = 2_000
    answer_s: float = 15.0


class Stores(Protocol):
    """What the writer needs of the database."""

    async def store(self, deliveries: Sequence[Delivery]) -> Recorded:
        """Store all or nothing."""

    async def quarantine(self, delivery: Delivery, parsed: ParsedEvent, reason: str) -> bool:
        """Keep an event that cannot be stored; whether there is room for it."""


class _Waiting:
    __slots__ = ("answer", "delivery", "user")

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.user = delivery.person.name
        self.answer: asyncio.Future[list[EventResult]] = asyncio.get_running_loop().create_future()


class Writer:
    """One task that drains a bounded queue, the users in turn.

    `took` hears how many seconds each transaction took.
    """

    def __init__(
        self,
        store: Stores,
        announcer: Announcer,
        limits: WriterLimits,
        took: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._announcer = announcer
        self._limits = limits
        self._took = took
        self._queue = Turns[_Waiting](lambda waiting: len(waiting.delivery.events))
        self._taken: list[_Waiting] = []
        self._is_closed = False
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name="writer")

    @property
    def waiting_events(self) -> int:
        """How many events wait for a transaction."""
        return self._queue.total

    def has_room(self) -> bool:
        """Whether another batch would be taken now."""
        return self._queue.total < self._limits.max_waiting_events

    def require_room(self, user: str) -> None:
        """Raises `QueueFull`, or `TooMany` where too much of this user waits."""
        if not self.has_room():
            raise QueueFull
        if self._queue.of(user) >= self._limits.max_user_events:
            detail = "Too much of yours waits to be stored. Try again."
            raise TooMany("user_queue", _USER_RETRY_AFTER_S, detail)

    async def write(self, delivery: Delivery) -> list[EventResult]:
        """Store a request's events; one result for each, after the commit.

        Raises `QueueFull`, `TooMany` or `DatabaseUnavailable`; then nothing is stored, but for a
        transaction that is under way still: what it stores is a duplicate when it is sent again.
        """
        if not delivery.events:
            return []
        if self._is_closed:
            raise DatabaseUnavailable(_STOPPING)
        self.require_room(delivery.person.name)
        waiting = _Waiting(delivery)
        self._queue.add(waiting.user, waiting)
        self._idle.clear()
        self._wake.set()
        done, _ = await asyncio.wait([waiting.answer], timeout=self._limits.answer_s)
        if not done:
            self._queue.remove(waiting.user, waiting)
            waiting.answer.cancel()
            raise DatabaseUnavailable("The database takes too long")
        return waiting.answer.result()

    async def close(self, timeout_s: float) -> None:
        """Write what waits, for at most `timeout_s` seconds, and stop. Takes nothing any more."""
        self._is_closed = True
        try:
            await asyncio.wait_for(self._idle.wait(), timeout_s)
        except TimeoutError:
            log.warning("%d events wait still: their senders keep them", self._queue.total)
        # Answered first: a database that hangs can hold up the end of its transaction too.
        for waiting in (*self._taken, *self._queue.drain()):
            _fail(waiting, DatabaseUnavailable(_STOPPING))
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                most = self._limits.max_transaction_events
                self._taken = self._queue.take(most, max(1, most // _SHARE))
                try:
                    await self._write(self._taken)
                except Exception as error:
                    reason = _reason(error)
                    log.error("Events could not be written: %s\n%s", reason, _where(error))
                    for waiting in self._taken:
                        _fail(waiting, DatabaseUnavailable(reason))
            self._idle.set()

    async def _write(self, taken: list[_Waiting]) -> None:
        try:
            recorded = await self._stored([waiting.delivery for waiting in taken])
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

    async def _stored(self, deliveries: Sequence[Delivery]) -> Recorded:
        began_s = time.perf_counter()
        try:
            return await self._store.store(deliveries)
        finally:
            self._took(time.perf_counter() - began_s)

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
            recorded = await self._stored([part])
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
            is_kept = await self._store.quarantine(delivery, parsed, reason)
        except DatabaseUnavailable:
            return EventResult(event_id=event_id, status="retry")
        return EventResult(
            event_id=event_id,
            status="rejected",
            code="quarantined",
            detail=f"The event could not be stored. {detail_of_aside(is_kept=is_kept)}",
        )


def _fail(waiting: _Waiting, error: Exception) -> None:
    if not waiting.answer.done():
        waiting.answer.set_exception(error)


def _reason(error: Exception) -> str:
    # A database's further lines can hold what a student wrote.
    return f"{type(error).__name__}: {error}".partition("\n")[0][:500]


def _where(error: Exception) -> str:
    return "".join(traceback.format_tb(error.__traceback__))
