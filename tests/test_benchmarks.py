"""The benchmarks work, at a tiny size: their ratios are computed and they notice a loss."""

import json
import sqlite3
import uuid
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import browser_live, corpus, flood, ingest, live, recorder, replay, wire
from benchmarks.database import check_runs, read_rows, write_raw_s
from benchmarks.figures import percentile, report
from benchmarks.load import events_of, gzip_batches, single_events
from benchmarks.main_thread import read_marked, read_trace
from benchmarks.recorder_lab import Size, label

SCHEMA = (
    "CREATE TABLE cell_executions (execution_id CHAR(32) NOT NULL, status VARCHAR, "
    "PRIMARY KEY (execution_id))",
    "CREATE INDEX by_status ON cell_executions (status)",
)


async def test_ingest_measures_the_service_beside_sqlite_and_single_events() -> None:
    size = ingest.Size(
        students=3, batch_events_each=150, single_events_each=10, senders=2, rounds=1
    )
    summary = (await ingest.measure(size)).summary()
    ratio = summary["events_per_s"] / summary["raw_events_per_s"]
    assert summary["ratio_to_raw"] == pytest.approx(ratio)
    assert all(value > 0 for value in summary.values())


async def test_live_measures_each_start_and_end_of_a_run() -> None:
    size = live.Size(students=4, seconds=4, rounds=1, speeds=(10.0,))
    measured = await live.measure(size)
    [timed] = measured[10.0]
    runs = [event for event in timed.events if "execution_id" in event]
    assert len(timed.latencies_ms) == len(runs) > 0
    summary = live.summary_of([timed])
    assert 0 < summary["p50_ms"] <= summary["p99_ms"] <= summary["worst_ms"]


async def test_flood_measures_the_others_with_and_without_it() -> None:
    size = flood.Size(students=3, batches_each=4, pause_s=0.1, rounds=1)
    summary = (await flood.measure(size)).summary()
    assert summary["p99_ratio"] == summary["beside_p99_ms"] / summary["alone_p99_ms"]
    assert summary["flood_taken"] > 0
    assert summary["flood_refused"] > 0


def test_a_message_that_never_came_is_noticed() -> None:
    timed = live.Round()
    timed.post([{"execution_id": "a", "event_type": "cell_execution_start"}], now=1.0)
    with pytest.raises(RuntimeError, match="never heard of 1"):
        _ = timed.latencies_ms
    timed.hear({"event": "execution_update", "execution_id": "a", "status": "executing"}, now=1.5)
    assert timed.latencies_ms == [500]


@pytest.fixture
def stored(tmp_path: Path) -> tuple[Path, list[dict[str, str]]]:
    """A database with two runs, one of them finished, and the events that made them."""
    database = tmp_path / "stored.sqlite"
    runs = [str(uuid.uuid4()), str(uuid.uuid4())]
    with closing(sqlite3.connect(database)) as connection:
        for statement in SCHEMA:
            connection.execute(statement)
        rows = [(uuid.UUID(runs[0]).hex, "completed"), (uuid.UUID(runs[1]).hex, "running")]
        connection.executemany("INSERT INTO cell_executions VALUES (?, ?)", rows)
        connection.commit()
    started = [{"execution_id": run, "event_type": "cell_execution_start"} for run in runs]
    return database, [
        *started,
        {"execution_id": runs[0], "event_type": "cell_execution_complete"},
        {"event_type": "notebook_opened"},
    ]


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM cell_executions WHERE status = 'running'",
        "UPDATE cell_executions SET status = 'running'",
        "UPDATE cell_executions SET status = 'completed'",
        "INSERT INTO cell_executions VALUES ('00000000000000000000000000000000', 'error')",
    ],
)
def test_a_lost_changed_or_added_run_is_noticed(
    stored: tuple[Path, list[dict[str, str]]], change: str
) -> None:
    database, events = stored
    assert check_runs(database, events) == 2
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(change)
        connection.commit()
    with pytest.raises(RuntimeError, match="runs are missing"):
        check_runs(database, events)


def test_the_raw_copy_has_the_same_rows_tables_and_indexes(
    stored: tuple[Path, list[dict[str, str]]], tmp_path: Path
) -> None:
    database, _ = stored
    copy = tmp_path / "copy.sqlite"
    assert write_raw_s(database, copy, read_rows(database)) > 0
    assert read_rows(copy) == read_rows(database)
    for name in (database, copy):
        with closing(sqlite3.connect(name)) as connection:
            statements = connection.execute(
                "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY sql"
            ).fetchall()
            assert statements == [(statement,) for statement in sorted(SCHEMA)]


def test_requests_hold_all_events_in_order() -> None:
    events = [event["seq"] for event in events_of("student-01", 25, seed=3)]
    for requests in (
        gzip_batches(["student-01"], 25, 10, seed=3)["student-01"],
        single_events(["student-01"], 25, seed=3)["student-01"],
    ):
        assert [event["seq"] for request in requests for event in request.events] == events


def test_percentiles_are_the_nearest_rank() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert (percentile(values, 0.5), percentile(values, 0.99)) == (50, 99)
    assert percentile([7.0], 0.99) == 7


def test_the_figures_of_the_browser_are_found_or_it_says_so() -> None:
    printed = "\ncell ended -> grid changed: median 87 ms, worst 231 ms\n.\n1 passed"
    assert browser_live.figures_in(printed) == (87, 231)
    assert (browser_live.ROOT / browser_live.TEST.split("::")[0]).exists()
    with pytest.raises(RuntimeError, match="measured nothing"):
        browser_live.figures_in("1 failed")


async def test_recorder_measures_runs_and_starts_in_a_real_lab() -> None:
    """The extension is seen at work, and is only a part of all that the page does."""
    few = Size(runs=5, profiled_runs=5, runs_a_trace=5, warm_up_runs=5, starts=1, pause_ms=400)
    size = replace(few, plain_rounds=1)
    figures = await recorder.measure(size)
    summary = figures.summary()
    assert (len(figures.marked), len(figures.profiled)) == (5, 5)
    assert 0 < summary["recording_p50_ms"] <= summary["recording_p99_ms"]
    assert summary["transaction_p50_ms"] > 0
    assert all(sum(run.ms.values()) < run.total_ms for run in figures.profiled)
    assert summary["whole_mean_ms"] > 0
    assert 0 < summary["start_p50_ms"] < figures.starts[0].total_ms


def traced(*events: dict[str, Any]) -> bytes:
    """A trace of one thread."""
    return json.dumps({"traceEvents": [{"pid": 1, "tid": 2, **each} for each in events]}).encode()


def test_marked_time_is_processor_time_without_what_the_marks_take() -> None:
    names = ["run:1", "own:begin:empty", "own:end", "own:begin:kernel", "own:end", "run:end"]
    ticks_us = [0, 10, 15, 100, 1_105, 2_000]
    marks = [
        {"name": name, "ts": at * 1_000, "tts": tts}
        for at, (name, tts) in enumerate(zip(names, ticks_us, strict=True))
    ]
    [window] = read_marked(traced(*marks), "run:")
    assert window.ms == {"kernel": pytest.approx(1.0)}


def test_a_tasks_processor_time_is_shared_out_by_its_samples() -> None:
    """Three of four samples are below the extension's function; waiting counts nothing."""
    own = {"functionName": "take", "url": "https://lab/extensions/jupyter-cell-monitor/a.js"}
    frames = [{"functionName": "(root)"}, {"functionName": "emit"}, own, {"functionName": "add"}]
    nodes = [
        {"id": at, "parent": at - 1 if at else None, "callFrame": frame}
        for at, frame in enumerate(frames)
    ]
    data = {"cpuProfile": {"nodes": nodes, "samples": [1, 2, 3, 3]}, "timeDeltas": [10] * 4}
    trace = traced(
        {"name": "run:1", "ts": 90},
        {"name": "RunTask", "ph": "X", "ts": 100, "dur": 9_000, "tdur": 4_000},
        {"name": "Profile", "id": "0x1", "args": {"data": {"startTime": 100}}, "ts": 100},
        {"name": "ProfileChunk", "id": "0x1", "args": {"data": data}, "ts": 150},
        {"name": "run:end", "ts": 10_000},
    )
    [window] = read_trace(trace, "run:", label)
    assert (window.ms, window.total_ms) == ({"own": 3.0}, 4.0)
    with pytest.raises(ValueError, match="no mark"):
        read_trace(trace, "start:", label)


@pytest.fixture
def notebook() -> corpus.Notebook:
    """A notebook of six cells with a text, a table and an image, as a package would ship it."""
    image = {"output_type": "display_data", "metadata": {}, "data": {"image/png": "aGVsbG8" * 500}}
    table = {"output_type": "display_data", "metadata": {}, "data": {"text/html": ["<b>", "1</b>"]}}
    text = {"output_type": "stream", "name": "stdout", "text": ["one 1\n", "two 2\n"]}
    cells = [
        {
            "cell_type": "code",
            "metadata": {},
            "source": [f"value_{line} = {number}\n" for line in range(60)],
            "outputs": outputs,
        }
        for number, outputs in enumerate(([text], [table], [image], [], [text], []))
    ]
    content = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}
    read = corpus.read_notebook("a package/a.ipynb", json.dumps(content).encode())
    assert read is not None
    return read


def test_wire_measures_the_browsers_own_encoder_against_one_event_a_request(
    notebook: corpus.Notebook,
) -> None:
    """Everything together takes less than gzip and batches alone; "Run All" spares requests."""
    [measured] = wire.measure([notebook], seed=1)
    ways = {way: wire.compare([measured.live], way) for way in measured.live}
    assert len(measured.live[wire.SEED]) == measured.events
    assert ways["seed"].reduction == 0
    assert 0 < ways["batch, gzip"].reduction < ways["batch, gzip, contents, delta"].reduction
    assert ways["batch, gzip, contents, delta"].reduction < ways["all"].reduction
    assert ways["all"].reduction < ways[wire.FLOOR].reduction < 1
    spared = wire.requests_of([measured])
    assert spared["offline"] > spared["quick_run_all"] >= spared["run_all"]
    assert spared["run_all"] > spared["by_hand"] >= 0


def test_wire_counts_each_new_image_once(notebook: corpus.Notebook) -> None:
    """As it stands in the seed's requests, and as few bytes as it can be; "Run All" has none."""
    [measured] = wire.measure([notebook], seed=1)
    new = [size for size in measured.live[wire.NEW_MEDIA] if size]
    assert new
    assert sum(new) == sum(measured.offline[wire.NEW_MEDIA])
    assert sum(measured.live[wire.FLOOR]) < sum(new) * 3 / 4 + 1
    assert sum(measured.run_all[wire.NEW_MEDIA]) == 0
    [rest] = wire.but_media([measured.live])
    assert rest[wire.SEED] == [sum(measured.live[wire.SEED]) - sum(new)]
    assert 0 < rest["all"][0] < sum(measured.live["all"])


def test_a_replayed_student_makes_mistakes_and_ends_with_all_cells(
    notebook: corpus.Notebook,
) -> None:
    """The same seed gives the same work; no run's code is empty."""
    work = list(replay.steps(notebook, 7))
    assert work == list(replay.steps(notebook, 7)) != list(replay.steps(notebook, 8))
    assert work[-1].is_all
    assert [run.cell_id for run in work[-1].runs] == [cell.cell_id for cell in notebook.cells]
    runs = [run for step in work for run in step.runs]
    assert all(run.code for run in runs)
    assert [run for run in runs if any("ename" in output for output in run.outputs)]


def test_what_is_no_notebook_with_outputs_is_left_out() -> None:
    assert corpus.read_notebook("a.ipynb", b"{") is None
    old = {"nbformat": 3, "worksheets": []}
    assert corpus.read_notebook("a.ipynb", json.dumps(old).encode()) is None
    cell = {"cell_type": "code", "metadata": {}, "source": "1", "outputs": []}
    bare = {"nbformat": 4, "cells": [cell] * 9}
    assert corpus.read_notebook("a.ipynb", json.dumps(bare).encode()) is None


def test_figures_are_written_where_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report(["A ratio: 0.5"], {"ratio": 0.5}, tmp_path / "figures.json")
    assert capsys.readouterr().out == "A ratio: 0.5\n"
    assert json.loads((tmp_path / "figures.json").read_text())["ratio"] == 0.5
