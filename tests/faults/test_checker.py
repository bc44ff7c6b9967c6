"""The checker names each violation: rows are changed by hand, and it must see it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from service.database import Database
from service.made import end, failed, opened, start

from jupyter_cell_monitor_server.service.db.engine import upgrade

from .checker import Checker
from .ledger import Ledger
from .stored import Stored, read_stored

SESSION = "session-1"
IDS = [f"0000000{n}-0000-4000-8000-000000000000" for n in range(8)]
EVENTS: list[dict[str, Any]] = [
    opened(),
    start(run="run-1"),
    end(run="run-1", success=True),
    start(run="run-2", cell_id="c1", second=3),
    failed(run="run-2", cell_id="c1", second=4),
    {"event_type": "activity", "student_id": "ai", "timestamp": "2026-11-23T03:00:00Z"},
]


def made() -> list[dict[str, Any]]:
    """The events as a browser makes them, with ids and numbers."""
    more = {"session_id": SESSION, "notebook_path": EVENTS[0]["notebook_path"]}
    numbered = enumerate(zip(EVENTS, IDS, strict=False))
    return [more | event | {"event_id": key, "seq": seq} for seq, (event, key) in numbered]


@pytest.fixture
async def told(tmp_path: Any) -> tuple[Ledger, Stored]:
    """A ledger whose events are all stored and acknowledged."""
    url = f"sqlite:///{tmp_path}/checked.sqlite"
    await upgrade(url)
    database = Database(url)
    events = made()
    assert set(await database.send(*events)) == {"stored"}
    await database.close()
    ledger = Ledger()
    ledger.begin(map(json.dumps, events))
    ledger.keep(event["event_id"] for event in events)
    ledger.answer((event["event_id"], "stored") for event in events)
    return ledger, await read_stored(url, ledger.sessions, ledger.begun)


def violations(told: tuple[Ledger, Stored]) -> str:
    return "\n".join(Checker(*told).violations())


async def test_what_is_stored_as_it_was_made_is_no_violation(told: tuple[Ledger, Stored]) -> None:
    """The checker is silent where all promises are kept."""
    assert violations(told) == ""


def change(table: str, **values: Any) -> Callable[[Ledger, Stored], None]:
    """Change columns of a table's first row."""
    return lambda _, stored: stored.of(table)[0].update(values)


def lose(table: str) -> Callable[[Ledger, Stored], None]:
    """Lose a table's first row."""
    return lambda _, stored: stored.rows[table].__delitem__(0)


def double(table: str) -> Callable[[Ledger, Stored], None]:
    """Store a table's first row twice."""
    return lambda _, stored: stored.rows[table].append(dict(stored.of(table)[0]))


def share_cursor(_: Ledger, stored: Stored) -> None:
    """Give an error the place of a run."""
    stored.of("error_logs")[0]["cursor"] = stored.of("cell_executions")[0]["cursor"]


def forget(event_id: str) -> Callable[[Ledger, Stored], None]:
    """Nobody has made this event."""

    def act(ledger: Ledger, _: Stored) -> None:
        del ledger.begun[event_id]
        ledger.kept.discard(event_id)
        ledger.acknowledged.discard(event_id)

    return act


def reject(event_id: str) -> Callable[[Ledger, Stored], None]:
    """The service has refused this event."""
    return lambda ledger, _: ledger.rejected.update({event_id: "invalid"})


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lose("cell_executions"), "acknowledged and not stored: cell_execution_start"),
        (lose("cell_executions"), "lost: cell_execution_start"),
        (lose("notebook_openings"), "lost: notebook_opened"),
        (lose("other_events"), "lost: activity"),
        (lose("error_logs"), "error_logs and runs differ"),
        (double("cell_executions"), "twice in cell_executions"),
        (double("notebook_openings"), "an event stored twice"),
        (double("student_progress"), "twice in student_progress"),
        (change("cell_executions", code="other"), ".code: 'other', sent"),
        (change("cell_executions", status="running"), ".status: 'running', sent"),
        (change("cell_executions", seq=99), ".seq: 99, sent"),
        (change("other_events", payload={}), "not what was sent"),
        (change("assignment_progress", completed_cells=9), "progress of"),
        (change("error_patterns of the class", frequency=9), "error_patterns"),
        (change("sessions", seq_ranges=[[0, 3]]), "ranges of"),
        (change("sessions", missing_events=1), "are called missing"),
        (share_cursor, "a cursor given twice"),
        (forget(IDS[5]), "stored, but nobody made it"),
        (reject(IDS[5]), "rejected, and no events_dropped says so"),
    ],
)
async def test_a_broken_promise_is_named(
    told: tuple[Ledger, Stored], break_it: Callable[[Ledger, Stored], None], said: str
) -> None:
    """Each rule of the checker can fail, and says what is wrong."""
    break_it(*told)
    assert said in violations(told)


async def test_what_was_given_up_and_reported_is_not_lost(told: tuple[Ledger, Stored]) -> None:
    """`events_dropped` accounts for an event by its session and number."""
    ledger, stored = told
    ledger.acknowledged.discard(IDS[5])
    session = stored.of("sessions")[0]["session_id"]
    stored.rows["other_events"].clear()
    assert "lost: activity" in violations(told)
    dropped = {"event_id": None, "session_id": session, "ranges": [[5, 5]]}
    stored.rows["dropped_events"].append(dropped)
    assert "lost" not in violations(told)
