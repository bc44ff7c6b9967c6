"""What the browsers made and what they were told: kept where nothing is killed."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Ledger:
    """The events of one schedule, by their ids.

    `begun`: their bodies, written down before they were queued; an end that was kept and an end
    that nobody saw may share an id. `kept`: those that were in a
    durable queue, which is what must never be lost. `acknowledged`: those that a service said it
    has. `rejected`: those that it refused for good, and its code. `is_cut_off`: a browser whose
    reports go through itself was killed, so that its last ones may be missing. With a `file` each
    report is also written there.
    """

    begun: dict[str, list[str]] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    rejected: dict[str, str] = field(default_factory=dict)
    is_cut_off: bool = False
    file: Path | None = None

    def begin(self, bodies: Iterable[str]) -> None:
        """Events are about to be queued."""
        for body in bodies:
            of_event = self.begun.setdefault(json.loads(body)["event_id"], [])
            if body not in of_event:
                of_event.append(body)

    def keep(self, ids: Iterable[str]) -> None:
        """Events are in a durable queue."""
        self.kept.update(ids)

    def answer(self, results: Iterable[tuple[str, str]]) -> None:
        """A browser has read what the service says of its events."""
        for event_id, status in results:
            if status in ("stored", "duplicate"):
                self.acknowledged.add(event_id)
            elif status.startswith("rejected:"):
                self.rejected[event_id] = status.removeprefix("rejected:")

    def take(self, report: dict[str, Any]) -> None:
        """A report of a browser, as it comes."""
        if self.file is not None:
            with self.file.open("a") as file:
                file.write(json.dumps(report) + "\n")
        if report["kind"] == "begun":
            self.begin(report["bodies"])
        elif report["kind"] == "kept":
            self.keep(report["ids"])
        elif report["kind"] == "answered":
            self.answer(report["results"])

    def events(self) -> dict[str, list[dict[str, Any]]]:
        """All events that were begun, decoded."""
        return {event_id: list(map(json.loads, bodies)) for event_id, bodies in self.begun.items()}

    @property
    def sessions(self) -> set[str]:
        """The page loads that made events."""
        return {event["session_id"] for found in self.events().values() for event in found}
