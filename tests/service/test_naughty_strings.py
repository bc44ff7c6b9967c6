"""The naughty strings in every text field: read back as sent, or refused with the field's name."""

import json
from collections.abc import Iterator

from jupyter_cell_monitor_server.contract.paths import clean_path
from jupyter_cell_monitor_server.contract.results import EventResult

from .corpora import naughty_strings
from .database import Database, person
from .made import Json, a_cell, at, end, failed, opened, start
from .taking import taking

STRINGS = naughty_strings()
BATCH_EVENTS = 100
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029"
MOST = {"session_id": 200, "cell_id": 100, "kernel_id": 200, "execution_id": 200, "event_id": 200}


async def send(db: Database, events: list[Json]) -> list[EventResult]:
    """Deliver all; one result for each."""
    found: list[EventResult] = []
    async with taking(db.store, db.now) as ingest:
        for at_event in range(0, len(events), BATCH_EVENTS):
            batch = {"events": events[at_event : at_event + BATCH_EVENTS]}
            body = json.dumps(batch, ensure_ascii=False).encode("utf-8", "surrogatepass")
            found += await ingest.take(person(), body)
    return found


def refused_for(results: list[EventResult], field: str) -> Iterator[int]:
    """Which of the results refuse that field; all others must say that it is stored."""
    for index, result in enumerate(results):
        if result.status == "rejected":
            assert (result.code, result.field) == ("invalid", field), (STRINGS[index], result)
            assert result.detail
            yield index
        else:
            assert result.status == "stored", (STRINGS[index], result)


def test_the_list_is_whole() -> None:
    """517 strings, the empty one among them, each once."""
    assert len(STRINGS) == len(set(STRINGS)) == 517
    assert "" in STRINGS


async def test_what_a_program_writes_is_read_back(db: Database) -> None:
    """Code, output, error and unknown fields hold any text."""
    events = [
        failed(
            run=f"r{n}",
            code=text,
            output=[{"text": text, f"key {text}": [text]}],
            error={
                "name": text or "E",
                "message": text,
                "traceback": [text],
                "context": {"variables": [{"name": text}]},
            },
            more={text: text},
        )
        for n, text in enumerate(STRINGS)
    ]
    results = await send(db, events)
    assert {result.status for result in results} == {"stored"}
    runs = {row["execution_label"]: row for row in await db.rows("cell_executions")}
    errors = {row["execution_id"]: row for row in await db.rows("error_logs")}
    for n, event in enumerate(events):
        run = runs[f"r{n}"]
        error = errors[run["execution_id"]]
        assert (run["code"], run["output"]) == (event["code"], event["output"])
        assert run["extra"]["more"] == event["more"]
        stored = {name: error[name] for name in ("name", "message", "traceback", "context")}
        assert stored == event["error"]


async def test_ids_are_read_back_or_refused(db: Database) -> None:
    """The empty one and those of too many characters are refused; each field by its name."""
    for field, most in MOST.items():
        events = [
            end(run=f"{field} {n}", event_id=f"{field} {n}") | {field: text}
            for n, text in enumerate(STRINGS)
        ]
        refused = set(refused_for(await send(db, events), field))
        assert refused == {n for n, text in enumerate(STRINGS) if not 0 < len(text) <= most}
    rows = await db.rows("cell_executions")
    for field, column in (
        ("cell_id",) * 2,
        ("kernel_id",) * 2,
        ("execution_id", "execution_label"),
    ):
        expected = {text for text in STRINGS if 0 < len(text) <= MOST[field]}
        assert expected <= {row[column] for row in rows}, field
    sessions = {row["session_label"] for row in await db.rows("sessions")}
    assert {text for text in STRINGS if 0 < len(text) <= 200} <= sessions


async def test_paths_are_read_back_as_labels_or_refused(db: Database) -> None:
    """Refused are those that leave the home folder, and control characters."""
    events = [start(run=f"r{n}", notebook_path=text) for n, text in enumerate(STRINGS)]
    refused = set(refused_for(await send(db, events), "notebook_path"))
    assert refused == {n for n, text in enumerate(STRINGS) if is_no_label(text)}
    assert 0 < len(refused) < len(STRINGS) / 2
    labels = {clean_path(text) for n, text in enumerate(STRINGS) if n not in refused}
    assert {row["path"] for row in await db.rows("notebooks")} == labels


def is_no_label(text: str) -> bool:
    if not text.removeprefix("/") or text.startswith("//") or len(text) > 500:
        return True
    controls = [chr(n) for n in (*range(0x20), *range(0x7F, 0xA0))]
    return "\\" in text or ".." in text.split("/") or any(c in text for c in (*controls, *BIDI))


async def test_names_in_a_notebook_are_read_back(db: Database) -> None:
    """Its own name, its metadata and the ids and grade ids of its cells."""
    ids = [text[:100] or "-" for text in STRINGS]
    events = [
        opened(
            notebook_path=f"{n}.ipynb",
            session_id=f"s{n}",
            notebook_name=text[:200] or "-",
            cells=[],
            metadata={text: text},
        )
        for n, text in enumerate(STRINGS)
    ]
    cells = [a_cell(text, index, grade_id=text) for index, text in enumerate(ids)]
    results = await send(db, [*events, opened(cells=cells)])
    assert {result.status for result in results} == {"stored"}
    names = {row["path"]: row["name"] for row in await db.rows("notebooks")}
    assert names.items() >= {e["notebook_path"]: e["notebook_name"] for e in events}.items()
    assert {row["cell_id"] for row in await db.rows("cells")} == set(ids)


async def test_events_of_unknown_types_are_read_back(db: Database) -> None:
    """Whatever their type is called."""
    events = [
        {"event_type": text, "student_id": "ai", "timestamp": at(0), "event_id": f"e{n}", "x": text}
        for n, text in enumerate(STRINGS)
    ]
    refused = set(refused_for(await send(db, events), "event_type"))
    assert refused == {n for n, text in enumerate(STRINGS) if not 0 < len(text) <= 200}
    stored = {row["payload"]["event_id"]: row["payload"] for row in await db.rows("other_events")}
    assert stored == {
        event["event_id"]: event for n, event in enumerate(events) if n not in refused
    }
