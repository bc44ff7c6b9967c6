"""From the body of `POST /events` to one result for each event."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from ..contract.batches import Batch, BatchTooLong, split_batch
from ..contract.events import OtherEvent, ParsedEvent, RejectedEvent, parse_event
from ..contract.results import EventResult
from ..contract.times import Clocks
from .contents import ContentNeeded, Contents, Restoring, is_of
from .db.delivery import Delivery
from .dictionaries import Dictionaries, Dictionary
from .inflating import BodyTooLarge
from .people import Person
from .writer import Writer

RETENTION_DAYS = 730
_Checked = ParsedEvent | RejectedEvent | ContentNeeded


class Ingest:
    """Checks events and hands the good ones to the writer.

    `tell` hears the type (`other` for one that is not known) and the result of each event.
    `contents` are those that browsers need not send again. Events from more than `retention_days`
    ago are too old; 0 is no bound.
    """

    def __init__(
        self,
        writer: Writer,
        now: Callable[[], datetime],
        tell: Callable[[str, EventResult], None] = lambda *_: None,
        *,
        contents: Contents | None = None,
        retention_days: int = RETENTION_DAYS,
    ) -> None:
        self._writer = writer
        self._now = now
        self._tell = tell
        self._contents = contents or Contents()
        self.dictionaries = Dictionaries(self._contents)
        self._retention = timedelta(days=retention_days)

    async def take(
        self,
        person: Person,
        body: bytes,
        admit: Callable[[int], None] = lambda _: None,
        dictionary: Dictionary | None = None,
    ) -> list[EventResult]:
        """Store the events of a plain body; a bad one costs only itself.

        `dictionary` is what the body was compressed with.
        `admit` hears the number of events before any is parsed, and may raise. Raises
        `BatchError`, `BodyTooLarge`, `QueueFull` or `DatabaseUnavailable` too; then nothing is
        stored.
        """
        restoring = Restoring(self._contents, person.name)
        now = self._now()
        try:
            batch = split_batch(body)
            admit(len(batch.events))
            checked = self._check(batch, person, now, restoring)
        except BatchTooLong as error:
            raise BodyTooLarge(str(error)) from error
        good = [item for item in checked if isinstance(item, ParsedEvent)]
        stored = await self._writer.write(Delivery(person, good, now, batch.sent_at))
        restoring.keep(stored)
        if batch.contents:
            self.dictionaries.remember(person.name, body, dictionary)
        return self._results(checked, stored)

    def _results(self, checked: list[_Checked], stored: Iterable[EventResult]) -> list[EventResult]:
        answers = iter(stored)
        results = [
            next(answers) if isinstance(item, ParsedEvent) else _refused(item) for item in checked
        ]
        for item, result in zip(checked, results, strict=True):
            self._tell(_type_of(item), result)
        return results

    def _check(
        self, batch: Batch, person: Person, now: datetime, restoring: Restoring
    ) -> list[_Checked]:
        clocks = self._clocks(now, batch.sent_at)
        checked: list[_Checked] = []
        good = 0
        for raw in batch.events:
            item = _parse(raw, person, clocks, restoring)
            if isinstance(item, ParsedEvent):
                if batch.contents:
                    restoring.learn(good, item)
                good += 1
            checked.append(item)
        return checked

    def _clocks(self, now: datetime, sent_at: datetime | None) -> Clocks:
        correction = timedelta() if sent_at is None else now - sent_at
        return Clocks(now, correction, now - self._retention if self._retention else None)


def _parse(raw: bytes, person: Person, clocks: Clocks, restoring: Restoring) -> _Checked:
    try:
        found = restoring.body_of(raw)
    except ContentNeeded as needed:
        return needed
    if isinstance(found, RejectedEvent):
        return found
    body, reduced = found
    item = parse_event(body, clocks)
    if isinstance(item, RejectedEvent):
        return item
    event = item.event
    if event.student_id != person.name:
        detail = "The event names another student than the one who is logged in."
        return RejectedEvent("wrong_student", detail, "student_id", event.event_id)
    if reduced is not None and not is_of(reduced, event):
        detail = "The reduced event names another event or session than its body."
        return RejectedEvent("invalid", detail, "pieces", reduced.event_id)
    return item


def _type_of(item: _Checked) -> str:
    if not isinstance(item, ParsedEvent) or isinstance(item.event, OtherEvent):
        return "other"
    return item.event.event_type


def _refused(item: RejectedEvent | ContentNeeded) -> EventResult:
    if isinstance(item, ContentNeeded):
        return EventResult(event_id=item.event_id, status="retry", code="content_needed")
    return EventResult(
        event_id=item.event_id,
        status="rejected",
        code=item.code,
        detail=item.detail,
        field=item.field,
    )
