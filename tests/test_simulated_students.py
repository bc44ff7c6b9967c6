"""Simulated students behave like real ones, and the same for a seed."""

import json
import subprocess
import sys
import uuid
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_events import START, some_events

from jupyter_cell_monitor_server.contract.events import ParsedEvent, parse_event
from jupyter_cell_monitor_server.demo.simulated_students import lessons
from jupyter_cell_monitor_server.demo.simulated_students.behaviour import student_events
from jupyter_cell_monitor_server.demo.simulated_students.lessons import Run, recordings

RECORD = "jupyter_cell_monitor_server.demo.simulated_students.record"


def class_events(count: int) -> list[dict[str, Any]]:
    """`count` events of each of 30 students."""
    names = [f"student-{number:02}" for number in range(1, 31)]
    return [event for name in names for _, event in some_events(count, name=name)]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), number=st.integers(1, 99))
def test_every_event_is_valid_and_has_no_unknown_field(seed: int, number: int) -> None:
    for delay_s, event in some_events(150, seed, f"student-{number:02}"):
        assert delay_s >= 0
        parsed = parse_event(json.dumps(event, ensure_ascii=False).encode(), START)
        assert isinstance(parsed, ParsedEvent), parsed
        assert parsed.extra == {}
        assert "In[@" not in str(event)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_each_run_starts_and_ends_once_and_sequences_have_no_gap(seed: int) -> None:
    events = [event for _, event in some_events(200, seed)]
    sequences: dict[str, list[int]] = {}
    runs: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        sequences.setdefault(event["session_id"], []).append(event["seq"])
        if "execution_id" in event:
            runs.setdefault(event["execution_id"], []).append(event)
    assert all(numbers == list(range(len(numbers))) for numbers in sequences.values())
    *complete, _ = runs.values()  # the last one may have been cut off
    for start, end in complete:
        assert start["event_type"] == "cell_execution_start"
        assert end["event_type"] in {"cell_execution_complete", "cell_execution_error"}
        assert start["started_at"] == end["started_at"]
        assert end.get("ended_at", end["timestamp"]) > end["started_at"]
        assert start["execution_count"] == end["execution_count"]
    assert len({event["event_id"] for event in events}) == len(events)
    assert all(uuid.UUID(event["event_id"]).version == 7 for event in events)


def test_the_same_seed_gives_the_same_class_and_another_seed_another() -> None:
    assert some_events(200) == some_events(200)
    assert some_events(200, seed=2) != some_events(200)
    assert some_events(50, name="student-02") != some_events(50)


def test_speed_shortens_all_pauses() -> None:
    slow = some_events(200)
    fast = list(islice(student_events("student-01", 1, START, speed=10), 200))
    assert [event["event_type"] for _, event in fast] == [e["event_type"] for _, e in slow]
    ratio = sum(delay_s for delay_s, _ in slow) / sum(delay_s for delay_s, _ in fast)
    assert ratio == pytest.approx(10, rel=0.001)


def test_a_class_makes_the_errors_of_a_real_one() -> None:
    events = class_events(200)
    errors = [event["error"] for event in events if "error" in event]
    names = Counter(error["name"] for error in errors)
    assert {"SyntaxError", "NameError", "TypeError", "IndentationError"} <= set(names)
    assert {"ZeroDivisionError", "AssertionError", "KeyboardInterrupt"} <= set(names)
    assert 0.1 < len(errors) / len(events) * 2 < 0.4
    assert all("\x1b[31m" in "".join(error["traceback"]) for error in errors)
    assert any(event.get("status") == "unknown" for event in events)  # a restart in mid-run


def test_students_differ_in_speed_and_some_are_stuck() -> None:
    took = []
    most_failures = []
    for number in range(1, 31):
        events = some_events(150, name=f"student-{number:02}")
        took.append(sum(delay_s for delay_s, _ in events))
        failures = Counter(event["cell_id"] for _, event in events if "error" in event)
        most_failures.append(max(failures.values(), default=0))
    assert max(took) > 2 * min(took)
    assert sum(count >= 5 for count in most_failures) in range(1, 20)


def test_recordings_are_what_a_real_kernel_answers(tmp_path: Path) -> None:
    def runs(answers: dict[str, Any]) -> list[tuple[str, str | None, Any]]:
        found: list[tuple[str, str | None, Any]] = []
        for cell_id, run in answers["cells"].items():
            found.append((cell_id, None, run))
        for cell_id, exercise in answers["exercises"].items():
            for kind in ("stub", "wrong", "right", "endless"):
                for attempt in exercise.get(kind, []):
                    found.append((cell_id, attempt["code"], attempt))
                    found.append((cell_id, attempt["code"], attempt["check"]))
        return found + [("scratch", attempt["code"], attempt) for attempt in answers["scratch"]]

    def outcome(run: Any) -> Any:
        # Messages differ a little between versions of Python.
        return run and (run["error"] and run["error"]["name"], run["output"])

    kept = json.loads(Path(lessons.__file__).with_name("recordings.json").read_text("utf-8"))
    # Its own process, as the kernel's client leaves an event loop behind.
    subprocess.run([sys.executable, "-m", RECORD, str(tmp_path / "now.json")], check=True)
    answered_now = json.loads((tmp_path / "now.json").read_text("utf-8"))
    for (*cell, run), (*cell_now, run_now) in zip(runs(kept), runs(answered_now), strict=True):
        assert (cell, outcome(run)) == (cell_now, outcome(run_now))


def test_right_answers_pass_and_wrong_ones_do_not() -> None:
    def passes(run: Run | None) -> bool:
        return run is not None and run.error is None

    for exercise in recordings().exercises.values():
        assert all(passes(attempt) and passes(attempt.check) for attempt in exercise.right)
        assert not any(passes(a) and passes(a.check) for a in exercise.wrong + exercise.stub)
        assert all(a.error and a.error.name == "KeyboardInterrupt" for a in exercise.endless)
