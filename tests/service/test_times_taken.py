"""A batch that says when it was sent: its events are judged, and told on, by both clocks."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from jupyter_cell_monitor_server.contract.batches import BatchError
from jupyter_cell_monitor_server.contract.results import EventResult
from jupyter_cell_monitor_server.service.app import CellMonitorService
from jupyter_cell_monitor_server.service.clock import utcnow
from jupyter_cell_monitor_server.service.db.delivery import Delivery, Recorded
from jupyter_cell_monitor_server.service.metrics import Metrics

from .database import Database, person
from .made import NOON, Json, end, opened, start
from .taking import Kept, taking

DAY = timedelta(days=1)


class Deliveries(Kept):
    """Keeps the deliveries too."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Delivery] = []

    async def store(self, deliveries: Any) -> Recorded:
        """Keep all."""
        self.all += deliveries
        return await super().store(deliveries)


def by_clock(clock: datetime, age: timedelta = timedelta(0), **more: Any) -> Json:
    """A start by a browser's clock, and by the kernel's, which is right."""
    times = {"timestamp": (clock - age).isoformat(), "started_at": NOON.isoformat()}
    return start(**more) | times


async def send(
    store: Any, *events: Json, retention_days: int = 730, **envelope: Any
) -> list[EventResult]:
    body = json.dumps({"events": events} | envelope).encode()
    async with taking(store, retention_days=retention_days) as ingest:
        return await ingest.take(person(), body)


@pytest.mark.parametrize("years", [-56, -1, 0, 1, 12])
async def test_a_clock_that_is_years_off_costs_no_event(db: Database, years: int) -> None:
    """On both databases; the kernel's time is the run's."""
    clock = NOON + timedelta(days=365 * years)
    [result] = await send(db.store, by_clock(clock), sent_at=clock.isoformat())
    assert result.status == "stored"
    assert (await db.row("cell_executions"))["started_at"] == NOON


@pytest.mark.parametrize("sent_at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_a_time_of_sending_without_a_utc_costs_no_event(db: Database, sent_at: str) -> None:
    """At both ends of the calendar; it tells nothing about the clock."""
    [result] = await send(db.store, start(), sent_at=sent_at)
    assert result.status == "stored"
    assert (await db.row("cell_executions"))["sent_at"] is None


async def test_what_a_clock_before_2000_sent_is_counted_again(db: Database) -> None:
    """Its times were right together with that of their sending, which is over."""
    clock = NOON.replace(year=1970)
    events = [opened(seq=0), end(seq=1)]
    sent = [event | {"timestamp": clock.isoformat()} for event in events]
    await send(db.store, *sent, sent_at=clock.isoformat())
    before = [await db.rows(name) for name in ("cells", "assignment_progress")]
    await db.store.rebuild(lambda *_: None)
    assert [await db.rows(name) for name in ("cells", "assignment_progress")] == before
    assert len(before[0]) == 3


async def test_without_it_a_clock_that_is_years_off_is_refused() -> None:
    """There is nothing to correct it by."""
    [result] = await send(Kept(), by_clock(NOON + 3_000 * DAY))
    assert (result.status, result.code, result.field) == ("rejected", "invalid", "timestamp")


async def test_who_stores_is_told_when_a_batch_was_sent() -> None:
    """By the sender's clock, and when it came by the service's."""
    store, clock = Deliveries(), NOON + 5 * DAY
    await send(store, by_clock(clock), sent_at=clock.isoformat())
    await send(store, start())
    assert [(one.sent_at, one.received_at) for one in store.all] == [(clock, NOON), (None, NOON)]


async def test_what_is_older_than_the_retention_is_rejected_alone() -> None:
    """With a code of its own, by the corrected time."""
    clock, store = NOON + 4_000 * DAY, Kept()
    events = [
        by_clock(clock, 29 * DAY, event_id="young"),
        by_clock(clock, 31 * DAY, event_id="old"),
        by_clock(clock, event_id="new"),
    ]
    found = await send(store, *events, sent_at=clock.isoformat(), retention_days=30)
    assert [(r.event_id, r.status, r.code) for r in found] == [
        ("young", "stored", None),
        ("old", "rejected", "too_old"),
        ("new", "stored", None),
    ]
    assert found[1].field == "timestamp"
    assert found[1].detail


@pytest.mark.parametrize(("days", "status"), [(0, "stored"), (30, "rejected")])
async def test_a_retention_of_0_days_is_none(days: int, status: str) -> None:
    """Then only the year 2000 bounds it."""
    [result] = await send(Kept(), by_clock(NOON, 9_000 * DAY), retention_days=days)
    assert result.status == status


async def test_a_wrong_time_of_sending_stores_nothing() -> None:
    """The batch is refused as a whole."""
    store = Kept()
    with pytest.raises(BatchError):
        await send(store, start(), sent_at="noon")
    assert store.raws == []


async def test_the_settings_reach_the_ingest() -> None:
    """By the real clock: events are kept for 30 days, contents not at all."""
    service = CellMonitorService(retention_days=30, content_cache_bytes=0)
    now = utcnow()
    events = [
        start(run=f"r{days}", code="x" * 200)
        | {"timestamp": (now - days * DAY).isoformat(), "started_at": None}
        for days in (29, 31)
    ]
    async with taking(Kept()) as ingest:
        made = service._ingest(ingest._writer, Metrics())
        body = json.dumps({"events": events, "contents": True}).encode()
        found = await made.take(person(), body)
    assert [result.code for result in found] == [None, "too_old"]
    assert made._contents.bytes_held == 0
