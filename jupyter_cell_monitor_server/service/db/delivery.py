"""What comes into a transaction, and what comes out of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ...contract.events import ParsedEvent
from ...contract.results import EventResult
from ...contract.updates import Update
from ..people import Person


@dataclass(frozen=True, slots=True)
class Delivery:
    """The valid events of one request: they share their sender, and when it was sent and came.

    `sent_at` is by the browser's clock, `received_at` by the service's.
    """

    person: Person
    events: Sequence[ParsedEvent]
    received_at: datetime
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a transaction did: the results of each delivery, and the updates in cursor order."""

    results: list[list[EventResult]]
    updates: list[Update]
