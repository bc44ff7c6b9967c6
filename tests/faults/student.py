"""A simulated browser: it queues durably, sends by the real sender's rules, and may die.

It is told what to do line by line on its standard input, and reports each event on its standard
output: before it is queued, when it is on the disk, and when the service has answered for it.
"""

import http.client
import json
import random
import sys
import threading
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from .chain import Chain
from .durable_queue import DurableQueue, Queued
from .page import Page
from .reduced import KnownContents

# The real sender's times, twenty times as fast.
TIMEOUT_S = 3.0
FIRST_WAIT_S = 0.05
LONGEST_WAIT_S = 0.5
HASTE = 20
INTERVAL_S = 0.02


class Settings(Struct):
    """Who this is and how it sends.

    `tabs` send from one queue at the same time without taking turns. `shuffle`, `repeat` and
    `replay` are the chances that a batch goes in another order, twice, or is followed by one that
    was acknowledged long before. `reduces`: contents that the service has travel as their hashes,
    and batches refer to those before. `careless`: deletes what it sends before it is acknowledged.
    """

    name: str
    port: int
    token: str
    file: str
    path: str
    seed: str
    tabs: int = 1
    shuffle: float = 0.0
    repeat: float = 0.0
    replay: float = 0.0
    batch_events: int = 100
    queue_events: int = 10_000
    reduces: bool = False
    careless: bool = False


class Reports:
    """Lines for the ledger, each with how many events wait; a line is whole or not there."""

    def __init__(self, queue: DurableQueue) -> None:
        self._queue = queue
        self._lock = threading.Lock()

    def tell(self, **what: Any) -> None:
        """Hand a report over: after this returns, a kill cannot take it back."""
        with self._lock:
            sys.stdout.write(json.dumps({**what, "waiting": self._queue.count()}) + "\n")
            sys.stdout.flush()


class Student:
    """Makes events when told to, and sends them all the time."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.queue = DurableQueue(settings.file)
        self.reports = Reports(self.queue)
        number = self.queue.next_page()
        left = self.queue.left_runs()
        self.page = Page(settings.name, settings.path, settings.seed, number, left)
        self.woken = threading.Condition()
        self.senders = [Sender(self, tab, number) for tab in range(settings.tabs)]

    def run(self) -> None:
        """Obey until the input ends."""
        for sender in self.senders:
            threading.Thread(target=sender.run, daemon=True).start()
        self.reports.tell(kind="ready")
        for line in sys.stdin:
            for _ in range(int(line)):
                self._make()
            self.reports.tell(kind="made")

    def _make(self) -> None:
        made = self.page.next()
        if made.began is not None:
            self.queue.keep_run(made.began)
        for event in made.events:
            self.keep([], [event])
        if made.ended is not None:
            self.queue.forget_run(made.ended)
        surplus = self.queue.surplus(self.settings.queue_events)
        if surplus:
            self.keep(surplus, drops(surplus, self.settings, "queue_full"))

    def keep(self, gone: Sequence[Queued], events: Sequence[dict[str, Any]]) -> None:
        """Put events in the queue, in the place of those that are `gone`."""
        bodies = [json.dumps(event, ensure_ascii=False) for event in events]
        self.reports.tell(kind="begun", bodies=bodies)
        self.queue.replace([event.key for event in gone], events, bodies)
        self.reports.tell(kind="kept", ids=[event["event_id"] for event in events])
        with self.woken:
            self.woken.notify_all()


def drops(gone: Sequence[Queued], settings: Settings, reason: str) -> list[dict[str, Any]]:
    """One `events_dropped` for each session that has lost events."""
    by_session: dict[str, list[int]] = {}
    for event in gone:
        if event.seq is not None:
            by_session.setdefault(event.session_id, []).append(event.seq)
    return [
        {
            "event_id": str(uuid.uuid4()),
            "event_type": "events_dropped",
            "student_id": settings.name,
            "session_id": session,
            "notebook_path": settings.path,
            "timestamp": datetime.now(UTC).isoformat(),
            "ranges": [[seq, seq] for seq in sorted(seqs)],
            "count": len(seqs),
            "reason": reason,
        }
        for session, seqs in by_session.items()
    ]


class Sender:
    """One tab's sender."""

    def __init__(self, student: Student, tab: int, page: int) -> None:
        self._student = student
        self._settings = student.settings
        self._queue = student.queue
        self._random = random.Random(f"{student.settings.seed}:{tab}:{page}")
        self._limit = self._settings.batch_events
        self._failures = 0
        self._foreign: set[int] = set()
        self._old: list[Queued] = []
        self._known = KnownContents()
        self._chain = Chain()

    def run(self) -> None:
        """Send whatever waits, without end."""
        while True:
            batch = self._queue.take(self._limit, self._foreign)
            if not batch:
                with self._student.woken:
                    self._student.woken.wait(0.2)
                continue
            time.sleep(self._send(batch))

    def _send(self, batch: list[Queued]) -> float:
        """Send once; how long to wait then, in seconds."""
        if self._random.random() < self._settings.shuffle:
            self._random.shuffle(batch)
        if self._settings.careless:
            self._queue.remove([event.key for event in batch])
        try:
            status, answer, retry_after = self._post(batch)
            if self._random.random() < self._settings.repeat:
                status, answer, retry_after = self._post(batch)
        except (OSError, http.client.HTTPException, ValueError):
            return self._back_off(None)
        if status == 200 and isinstance(answer, list) and len(answer) == len(batch):
            return self._settle(batch, answer)
        if status in (400, 413, 500):
            self._limit = max(1, len(batch) // 2)
        return self._back_off(retry_after)

    def _post(self, batch: Sequence[Queued]) -> tuple[int, Any, str | None]:
        sent_at = datetime.now(UTC).isoformat()
        travel = [self._known.reduced(e) if self._settings.reduces else e.body for e in batch]
        more = f'"sent_at":"{sent_at}","contents":{json.dumps(self._settings.reduces)}'
        text = f'{{"events":[{",".join(travel)}],{more}}}'.encode()
        status, body, retry_after = self._request(*self._chain.packed(text))
        if status == 409:
            # As the real one does: at once, and by itself.
            self._chain.refused()
            status, body, retry_after = self._request(*self._chain.packed(text))
        if status == 200 and self._settings.reduces:
            self._chain.answered(text)
        return status, json.loads(body).get("results") if status == 200 else None, retry_after

    def _request(self, body: bytes, encoding: str) -> tuple[int, bytes, str | None]:
        headers = {
            "Authorization": f"token {self._settings.token}",
            "Content-Type": "application/json",
            "Content-Encoding": encoding,
        }
        connection = http.client.HTTPConnection("127.0.0.1", self._settings.port, TIMEOUT_S)
        try:
            url = f"/user/{self._settings.name}/api/v1/events"
            connection.request("POST", url, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers.get("Retry-After")
        finally:
            connection.close()

    def _back_off(self, retry_after: str | None) -> float:
        self._failures += 1
        asked = float(retry_after) / HASTE if retry_after and retry_after.isdigit() else 0.0
        own = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(self._failures, 10))
        wait_s: float = max(asked, own) * self._random.uniform(0.5, 1)
        return wait_s

    def _settle(self, batch: Sequence[Queued], results: Sequence[dict[str, Any]]) -> float:
        gone, dropped, told = [], [], []
        for event, result in zip(batch, results, strict=True):
            if result["event_id"] != event.event_id:
                continue
            if result["status"] in ("stored", "duplicate"):
                gone.append(event)
                told.append([event.event_id, result["status"]])
                self._known.learn(event)
            elif result.get("code") == "content_needed":
                self._known.forget(event)
            elif result["status"] == "rejected" and result.get("code") == "wrong_student":
                self._foreign.add(event.key)
            elif result["status"] == "rejected":
                gone.append(event)
                told.append([event.event_id, f"rejected:{result.get('code')}"])
                reason = f"rejected:{result.get('code')}"
                if event.event_type != "events_dropped":
                    dropped += drops([event], self._settings, reason)
        self._student.reports.tell(kind="answered", results=told)
        self._student.keep(gone, dropped)
        self._limit = min(self._settings.batch_events, self._limit * 2)
        self._replay(gone)
        if len(gone) < len(batch):
            return self._back_off(None)
        self._failures = 0
        return INTERVAL_S

    def _replay(self, gone: Sequence[Queued]) -> None:
        """A copy of an old batch arrives long after its events were acknowledged."""
        if self._old and self._random.random() < self._settings.replay:
            try:
                self._post(self._old)
            except (OSError, http.client.HTTPException, ValueError):
                return
        self._old = self._random.sample([*self._old, *gone], min(50, len(self._old) + len(gone)))


def main() -> None:
    """The settings are the first line of the input."""
    Student(msgspec.json.decode(sys.stdin.readline(), type=Settings)).run()


if __name__ == "__main__":
    main()
