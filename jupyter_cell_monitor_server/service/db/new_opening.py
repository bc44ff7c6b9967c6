"""An opening that is not stored yet, and its row."""

import uuid
from dataclasses import dataclass
from typing import Any

from ...contract.events import NotebookOpened
from ..class_of_notebook import ClassOfNotebook
from ..ids import uuid_of
from ..people import Person
from ..places import Position
from ..runs import Arrival
from .record_sessions import SessionKey
from .rows import Row

NOWHERE = uuid.UUID(int=0)


@dataclass(slots=True)
class NewOpening:
    """An opening that is not stored yet."""

    event: NotebookOpened
    arrival: Arrival
    raw: bytes
    person: Person
    place: int
    found: ClassOfNotebook | None
    by_choice: bool
    notebook_id: uuid.UUID = NOWHERE

    @property
    def key(self) -> SessionKey:
        """Its session."""
        return self.event.student_id, uuid_of(self.event.session_id)

    @property
    def position(self) -> Position:
        """Its place among all openings of its student."""
        return self.key[1], self.place, self.arrival.event_id


def row_of(new: NewOpening) -> Row:
    """The row of `notebook_openings`."""
    event, found = new.event, new.found
    row: dict[str, Any] = {
        "student_id": event.student_id,
        "event_id": new.arrival.event_id,
        "session_id": new.key[1],
        "seq": event.seq,
        "place": new.place,
        "notebook_id": new.notebook_id,
        "notebook_path": event.notebook_path,
        "renamed_from": event.renamed_from,
        "notebook_name": event.notebook_name,
        "class_id": found and found.class_id,
        "assignment": found and found.assignment,
        "by_choice": new.by_choice,
        "timestamp": event.timestamp,
        "sent_at": new.arrival.sent_at,
        "received_at": new.arrival.received_at,
        "payload_sha256": new.arrival.sha256,
        "raw": new.raw,
    }
    return row
