"""A simulated browser's memory of the contents that the service has, and events without them."""

import hashlib
import json
from collections import defaultdict
from typing import Any

import msgspec

from jupyter_cell_monitor_server.contract.reduced import MIN_CONTENT_BYTES

from .durable_queue import Queued

_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class KnownContents:
    """By session: what was acknowledged; forgotten where the service says that it is not so."""

    def __init__(self) -> None:
        self._known: dict[str, set[str]] = defaultdict(set)

    def learn(self, event: Queued) -> None:
        """The service has this event."""
        self._known[event.session_id].update(map(_sha256, _contents(event.body)))

    def forget(self, event: Queued) -> None:
        """The service does not know a content of this session."""
        self._known.pop(event.session_id, None)

    def reduced(self, event: Queued) -> str:
        """What travels: the body, or its pieces with known contents by their hashes."""
        pieces: list[str | dict[str, str]] = []
        rest = event.body
        for content in _contents(event.body):
            key = _sha256(content)
            if key in self._known[event.session_id]:
                before, _, rest = rest.partition(content)
                pieces += [before, {"sha256": key}]
        if not pieces:
            return event.body
        travels: dict[str, Any] = {"event_id": event.event_id, "session_id": event.session_id}
        travels |= {"sha256": _sha256(event.body), "pieces": [*pieces, rest]}
        return json.dumps(travels, ensure_ascii=False)


def _contents(body: str) -> list[str]:
    members = [bytes(raw) for raw in _MEMBERS.decode(body).values()]
    return [member.decode() for member in members if len(member) >= MIN_CONTENT_BYTES]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
