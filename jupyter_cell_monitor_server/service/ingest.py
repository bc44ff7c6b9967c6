"""From the body of `POST /events` to one result for each event."""

import zlib
from collections.abc import Callable
from datetime import datetime

from ..contract.batches import BatchTooLong, split_batch
from ..contract.events import OtherEvent, ParsedEvent, RejectedEvent, parse_event
from ..contract.results import EventResult
from .db.record import Delivery
from .people import Person
from .writer import Writer


class BodyTooLarge(ValueError):
    """The body holds too many bytes or too many events."""


def gunzip(body: bytes, max_bytes: int) -> bytes:
    """Inflate a gzip body of at most `max_bytes`.

    Raises `BodyTooLarge`, or `ValueError` where it is no whole gzip stream.
    """
    inflater = zlib.decompressobj(wbits=31)
    try:
        inflated = inflater.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise ValueError(f"The body is not gzip: {error}") from error
    if len(inflated) > max_bytes:
        raise BodyTooLarge(f"The body holds more than {max_bytes} bytes after inflating.")
    if not inflater.eof or inflater.unused_data:
        raise ValueError("The gzip body is cut off or has something behind it.")
    return inflated


class Ingest:
    """Checks events and hands the good ones to the writer.

    `tell` hears the type (`other` for one that is not known) and the result of each event.
    """

    def __init__(
        self,
        writer: Writer,
        now: Callable[[], datetime],
        tell: Callable[[str, EventResult], None] = lambda *_: None,
    ) -> None:
        self._writer = writer
        self._now = now
        self._tell = tell

    def has_room(self) -> bool:
        """Whether another batch would be taken now."""
        return self._writer.has_room()

    async def take(
        self, person: Person, body: bytes, admit: Callable[[int], None] = lambda _: None
    ) -> list[EventResult]:
        """Store the events of a plain body; a bad one costs only itself.

        `admit` hears the number of events before any is parsed, and may raise. Raises
        `BatchError`, `BodyTooLarge`, `QueueFull` or `DatabaseUnavailable` too; then nothing is
        stored.
        """
        try:
            raws = split_batch(body)
        except BatchTooLong as error:
            raise BodyTooLarge(str(error)) from error
        admit(len(raws))
        now = self._now()
        checked = [_check(parse_event(raw, now), person) for raw in raws]
        good = [item for item in checked if isinstance(item, ParsedEvent)]
        stored = iter(await self._writer.write(Delivery(person, good, now)))
        results = [
            next(stored) if isinstance(item, ParsedEvent) else _rejected(item) for item in checked
        ]
        for item, result in zip(checked, results, strict=True):
            self._tell(_type_of(item), result)
        return results


def _check(item: ParsedEvent | RejectedEvent, person: Person) -> ParsedEvent | RejectedEvent:
    if isinstance(item, RejectedEvent) or item.event.student_id == person.name:
        return item
    return RejectedEvent(
        "wrong_student",
        "The event names another student than the one who is logged in.",
        "student_id",
        item.event.event_id,
    )


def _type_of(item: ParsedEvent | RejectedEvent) -> str:
    if isinstance(item, RejectedEvent) or isinstance(item.event, OtherEvent):
        return "other"
    return item.event.event_type


def _rejected(item: RejectedEvent) -> EventResult:
    return EventResult(
        event_id=item.event_id,
        status="rejected",
        code=item.code,
        detail=item.detail,
        field=item.field,
    )
