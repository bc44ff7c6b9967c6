"""What is missing of a student's events, what was given up, and how wrong the clock is."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_cell_monitor_server.contract.updates import DeliveryUpdate
from jupyter_cell_monitor_server.service import seq_ranges
from jupyter_cell_monitor_server.service.clocks import corrected, is_skewed, skew_ms
from jupyter_cell_monitor_server.service.db.engine import reading
from jupyter_cell_monitor_server.service.db.read_grid import read_grid

from .database import Database
from .made import CLASS, NOON, PATH, Json, dropped, end, opened, other, start

numbers = st.sets(st.integers(0, 40))


def ranges_of(found: set[int]) -> seq_ranges.Ranges:
    return seq_ranges.union([], [[n, n] for n in found])


@settings(deadline=None)
@given(numbers, numbers)
def test_ranges_count_what_sets_do(received: set[int], given_up: set[int]) -> None:
    """Missing is below the highest known, dropped is what did not come after all."""
    ranges, dropped_ranges = ranges_of(received), ranges_of(given_up)
    known = received | given_up
    assert seq_ranges.missing(ranges, dropped_ranges) == (max(known) + 1 if known else 0) - len(
        known
    )
    assert seq_ranges.lost(ranges, dropped_ranges) == len(given_up - received)
    assert all(seq_ranges.holds(ranges, n) == (n in received) for n in range(42))
    assert seq_ranges.with_numbers([], received) == ranges


def test_ranges_are_bounded() -> None:
    """Above the bound the lowest gaps are forgotten."""
    ranges = seq_ranges.with_numbers([], range(0, 4 * seq_ranges.MAX_RANGES, 2))
    assert len(ranges) == seq_ranges.MAX_RANGES
    assert (ranges[0][0], ranges[-1][1]) == (0, 4 * seq_ranges.MAX_RANGES - 2)


def test_counts_are_exact_where_both_together_are_above_the_bound() -> None:
    """Each alone is below it; every second number neither came nor was given up."""
    half = seq_ranges.MAX_RANGES * 6 // 10
    received = ranges_of(set(range(0, 4 * half, 4)))
    given_up = ranges_of(set(range(2, 4 * half, 4)))
    assert seq_ranges.missing(received, given_up) == 2 * half - 1
    assert seq_ranges.lost(received, given_up) == half


def test_a_clock_is_corrected_by_when_the_browser_sent() -> None:
    """Both ways; where it did not say when, its time is taken as it is."""
    ahead = NOON + timedelta(hours=1)
    assert corrected(ahead - timedelta(seconds=5), ahead, NOON) == NOON - timedelta(seconds=5)
    assert corrected(ahead, None, NOON) == ahead
    assert skew_ms(ahead, NOON) == -3_600_000
    assert [is_skewed(ms) for ms in (None, 60_000, -60_000, 60_000.1, -60_000.1)] == [
        *[False] * 3,
        *[True] * 2,
    ]


async def row_of_grid(db: Database) -> tuple[int, int, float | None]:
    await db.store.replace_members({CLASS: {"ai": "student"}})
    async with reading(db.engine) as connection:
        [row] = (await read_grid(connection, CLASS, PATH, None, None)).students
    return row.missing_events, row.dropped_events, row.clock_skew_ms


def told(db: Database) -> list[tuple[int, int]]:
    updates = [u for u in db.live() if isinstance(u, DeliveryUpdate)]
    return [(update.missing_events, update.dropped_events) for update in updates]


async def test_a_gap_is_shown_until_the_late_event_closes_it(db: Database) -> None:
    """Every kind of event counts; a duplicate changes nothing."""
    await db.send(opened(seq=0), start(seq=1))
    assert await row_of_grid(db) == (0, 0, None)
    await db.send(end(seq=5))
    assert await row_of_grid(db) == (3, 0, None)
    await db.send(end(seq=5))
    late: list[Json] = [
        other(session_id="session-1", seq=2, event_id="late"),
        start(run="2", seq=3),
        end(run="2", seq=4),
    ]
    for missing, event in enumerate(late, start=-2):
        await db.send(event)
        assert await row_of_grid(db) == (-missing, 0, None)
    assert told(db) == [(3, 0), (2, 0), (1, 0), (0, 0)]
    missed = [u for u in await db.missed() if isinstance(u, DeliveryUpdate)]
    assert missed == [u for u in db.live() if isinstance(u, DeliveryUpdate)]


async def test_what_was_given_up_is_dropped_and_not_missing(db: Database) -> None:
    """Until it comes after all."""
    await db.send(opened(seq=0), start(seq=5))
    await db.send(dropped(ranges=[[1, 2], [4, 4]]))
    assert await row_of_grid(db) == (1, 3, None)
    await db.send(end(seq=2))
    assert await row_of_grid(db) == (1, 2, None)
    row = await db.row("dropped_events")
    assert (row["ranges"], row["count"], row["reason"]) == ([[1, 2], [4, 4]], 3, "queue_full")
    assert row["class_id"] == CLASS


async def test_a_session_of_which_nothing_came_but_its_loss_is_shown(db: Database) -> None:
    """Its path says whose loss it is."""
    await db.send(dropped(ranges=[[0, 6]], reason="not_kept"))
    assert await row_of_grid(db) == (0, 7, None)
    assert told(db) == [(0, 7)]


async def test_sessions_and_notebooks_of_a_class_are_added_up(db: Database) -> None:
    """Those of another class are not its teacher's to see."""
    second = f"assignments/{CLASS}/02/02.ipynb"
    await db.send(opened(seq=1))
    await db.send(opened(seq=2, session_id="s-2", notebook_path=second))
    await db.send(opened(seq=4, session_id="s-3", notebook_path="own.ipynb"))
    assert await row_of_grid(db) == (3, 0, None)
    assert told(db)[-1] == (3, 0)


async def test_events_without_a_path_count_when_their_session_begins(db: Database) -> None:
    """In whichever order they come."""
    await db.send(other(session_id="session-1", seq=1, event_id="early"))
    assert await db.rows("sessions") == []
    await db.send(opened(seq=0), start(seq=2))
    assert await row_of_grid(db) == (0, 0, None)


async def send_at(db: Database, event: Json, ahead_s: float) -> Any:
    delivery = db.delivery(event)
    sent_at = delivery.received_at + timedelta(seconds=ahead_s)
    recorded = await db.store.store([replace(delivery, sent_at=sent_at)])
    db.announced += recorded.updates
    return sent_at


async def test_the_four_times_of_a_run_are_those_of_its_end(db: Database) -> None:
    """Or of its start, until the end is there."""
    for event, second in ((start(), 1), (end(), 2), (start(run="late"), 1)):
        sent_at = await send_at(db, event, 30)
        run = event["execution_id"]
        row = await db.row("cell_executions", execution_label=run)
        assert row["sent_at"] == sent_at
        assert row["client_at"] == NOON + timedelta(seconds=second)
        assert row["corrected_at"] == row["client_at"] - timedelta(seconds=30)
        assert row["received_at"] == sent_at - timedelta(seconds=30)


@pytest.mark.parametrize("ahead_s", [61, -61])
async def test_a_clock_that_is_more_than_a_minute_wrong_is_told_once(
    db: Database, ahead_s: int
) -> None:
    """And once more when it is right again."""
    await send_at(db, opened(seq=0), 0)
    for number, seconds in enumerate((ahead_s, ahead_s, 1, 0), start=1):
        await send_at(db, start(run=str(number), seq=number), seconds)
    updates = [u for u in db.live() if isinstance(u, DeliveryUpdate)]
    assert [u.clock_skew_ms for u in updates] == [-1000.0 * ahead_s, -1000.0]
    assert (await row_of_grid(db))[2] == 0.0
