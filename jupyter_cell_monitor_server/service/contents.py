"""Contents that browsers need not send again, in memory alone: who has lost them is sent them."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable

import msgspec
from msgspec import UNSET

from ..contract.batches import BatchTooLong
from ..contract.events import AnyEvent, ParsedEvent, RejectedEvent
from ..contract.fields import MAX_EVENT_BYTES, MAX_INFLATED_BYTES
from ..contract.json_text import escape_text
from ..contract.paths import FieldError
from ..contract.reduced import (
    KnownContent,
    ReducedEvent,
    contents_of,
    decode_reduced,
    edited,
    edited_size,
    is_reduced,
)
from ..contract.results import EventResult

DEFAULT_BYTES = 64 * 1024 * 1024
# What an entry takes besides its content: key, hash table, links.
ENTRY_BYTES = 400


class ContentNeeded(Exception):
    """An event refers to what is not known here: its sender has to send it whole."""

    def __init__(self, event_id: str) -> None:
        super().__init__(event_id)
        self.event_id = event_id


class _TooLarge(Exception):
    pass


class Contents:
    """The contents of all students, the least recently used forgotten above `max_bytes`.

    A key holds student, session and hash: nobody is ever given another student's content. The
    students' dictionaries are here too (`dictionaries`), so that one bound holds for all.
    """

    def __init__(self, max_bytes: int = DEFAULT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._known: OrderedDict[bytes, bytes] = OrderedDict()
        self.bytes_held = 0

    def get(self, key: bytes) -> bytes | None:
        """A content, which is then the last to be forgotten."""
        content = self._known.get(key)
        if content is not None:
            self._known.move_to_end(key)
        return content

    def put(self, key: bytes, content: bytes) -> None:
        """Remember a content, in the place of what the key named before."""
        self.drop(key)
        self._known[key] = content
        self.bytes_held += len(content) + ENTRY_BYTES
        while self.bytes_held > self._max_bytes:
            self.drop(next(iter(self._known)))

    def drop(self, key: bytes) -> None:
        """Forget a content, if it is known."""
        content = self._known.pop(key, None)
        if content is not None:
            self.bytes_held -= len(content) + ENTRY_BYTES


def is_of(reduced: ReducedEvent, event: AnyEvent) -> bool:
    """Whether a reduced event names the event and session of its body."""
    names = (escape_text(reduced.event_id), escape_text(reduced.session_id))
    return names == (event.event_id, event.session_id)


class Restoring:
    """One batch of a student: its reduced events become their bodies again.

    `max_bytes` bounds what all of its events hold together.
    """

    def __init__(
        self, contents: Contents, student: str, max_bytes: int = MAX_INFLATED_BYTES
    ) -> None:
        self._contents = contents
        self._student = student
        self._bytes_left = max_bytes
        self._of_batch: dict[bytes, bytes] = {}
        self._of_event: dict[int, list[bytes]] = {}

    def body_of(self, raw: bytes) -> tuple[bytes, ReducedEvent | None] | RejectedEvent:
        """The body of an event that came whole or reduced, and how it was reduced.

        Raises `BatchTooLong` where the batch holds too much, `ContentNeeded` where the event
        cannot be restored from what is known.
        """
        if not is_reduced(raw):
            self._count(len(raw))
            return raw, None
        try:
            reduced = decode_reduced(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, FieldError) as error:
            return RejectedEvent("invalid", f"The reduced event is wrong: {error}", "pieces")
        try:
            body = self._restore(reduced)
        except FieldError as error:
            return RejectedEvent("invalid", str(error), error.field, reduced.event_id)
        except _TooLarge:
            detail = f"An event holds at most {MAX_EVENT_BYTES} bytes."
            return RejectedEvent("too_large", detail, event_id=reduced.event_id)
        if hashlib.sha256(body).hexdigest() != reduced.sha256:
            raise ContentNeeded(reduced.event_id)
        return body, reduced

    def learn(self, index: int, parsed: ParsedEvent) -> None:
        """Let the batch's later events refer to the contents of this one."""
        if parsed.event.session_id is None:
            return
        scope = self._scope(parsed.event.session_id)
        keys = self._of_event[index] = []
        for content in contents_of(parsed.raw):
            key = scope + hashlib.sha256(content).digest()
            self._of_batch[key] = content
            keys.append(key)

    def keep(self, results: Iterable[EventResult]) -> None:
        """Remember the contents of what is stored now, or already was."""
        for index, result in enumerate(results):
            if result.status in {"stored", "duplicate"}:
                for key in self._of_event.get(index, ()):
                    self._contents.put(key, self._of_batch[key])

    def _restore(self, reduced: ReducedEvent) -> bytes:
        scope = self._scope(escape_text(reduced.session_id))
        parts: list[bytes] = []
        size = 0
        for piece in reduced.pieces:
            part = self._part(scope, piece, reduced)
            size += len(part)
            if size > MAX_EVENT_BYTES:
                raise _TooLarge
            self._count(len(part))
            parts.append(part)
        return b"".join(parts)

    def _part(self, scope: bytes, piece: str | KnownContent, reduced: ReducedEvent) -> bytes:
        if isinstance(piece, str):
            return piece.encode()
        if piece.base_sha256 is UNSET or piece.edits is UNSET:
            return self._find(scope, piece.sha256, reduced)
        base = self._find(scope, piece.base_sha256, reduced)
        if edited_size(base, piece.edits) > MAX_EVENT_BYTES:
            raise _TooLarge
        content = edited(base, piece.edits)
        if hashlib.sha256(content).hexdigest() != piece.sha256:
            raise ContentNeeded(reduced.event_id)
        return content

    def _find(self, scope: bytes, sha256: str, reduced: ReducedEvent) -> bytes:
        key = scope + bytes.fromhex(sha256)
        content = self._of_batch.get(key) or self._contents.get(key)
        if content is None:
            raise ContentNeeded(reduced.event_id)
        return content

    def _scope(self, session_id: str) -> bytes:
        whose = f"{len(self._student)} {self._student} {session_id}"
        return hashlib.sha256(whose.encode("utf-8", "surrogatepass")).digest()

    def _count(self, size: int) -> None:
        self._bytes_left -= size
        if self._bytes_left < 0:
            raise BatchTooLong(f"The events of a batch hold at most {MAX_INFLATED_BYTES} bytes.")
