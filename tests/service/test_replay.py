"""What browsers have sent is taken by HTTP in any order and any form, and gives the same rows."""

import gzip
import json
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any

import pytest

from jupyter_cell_monitor_server.service.people import Person

from .app import Service, serving
from .database import Database
from .made import Json
from .test_fold import rows_of

CORPUS = Path(__file__).parent.parent / "contract" / "events.json"
CLASSES = ("python-intro", "statistics")


def recorded() -> list[Json]:
    """The events of the corpus that are taken, in the order in which they were made.

    Those that no browser recorded tell of one run in many ways: each gets a session of its own.
    """
    examples = json.loads(CORPUS.read_text("utf-8"))
    taken = [one for one in examples if one["result"] == "stored"]
    return [
        one["event"] if one.get("recorded") else {**one["event"], "session_id": f"session-{number}"}
        for number, one in enumerate(taken)
    ]


def cut(events: Sequence[Json], count: int) -> list[list[Json]]:
    """So many batches, each of one student and in its order."""
    size = -(-len(events) // count)
    parts = [list(events[start : start + size]) for start in range(0, len(events), size)]
    return [
        [event for event in part if event["student_id"] == student]
        for part in parts
        for student in sorted({event["student_id"] for event in part})
    ]


async def in_pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def send(service: Service, batch: Sequence[Json], form: Mapping[str, Any]) -> list[Json]:
    """Send a batch in a form: gzip or plain, chunked or with its length."""
    body = json.dumps({"events": batch}, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json"}
    if form["gzip"]:
        body = gzip.compress(body)
        headers["Content-Encoding"] = "gzip"
    data: Any = in_pieces(body, 1000) if form["chunked"] else body
    student = batch[0]["student_id"]
    response, answer = await service.call("POST", "events", student, data=data, headers=headers)
    assert response.status == 200, answer
    found: list[Json] = answer["results"]
    return found


def copied(template: Path, folder: Path) -> Path:
    folder.mkdir()
    return Path(shutil.copy(template, folder / "replay.sqlite"))


async def rows_after(
    template: Path, folder: Path, batches: Sequence[Sequence[Json]], form: Mapping[str, Any]
) -> dict[str, list[Any]]:
    """The rows of a new database that has taken these batches, each event stored once."""
    database = Database(f"sqlite:///{copied(template, folder)}")
    students = sorted({event["student_id"] for batch in batches for event in batch})
    async with serving(database, folder) as service:
        for student in students:
            classes = dict.fromkeys(CLASSES, "student")
            service.people.known[student] = Person(student, classes, may_teach=False)  # type: ignore[arg-type]
        for batch in batches:
            results = await send(service, batch, form)
            assert [result["status"] for result in results] == ["stored"] * len(batch)
        for batch in batches:
            results = await send(service, batch, form)
            assert [result["status"] for result in results] == ["duplicate"] * len(batch)
        rows = await rows_of(database, {student: student for student in students})
    await database.close()
    return rows


FORMS = [
    pytest.param({"gzip": is_gzip, "chunked": is_chunked}, id=f"{name} {length}")
    for is_gzip, name in ((False, "plain"), (True, "gzip"))
    for is_chunked, length in ((False, "with its length"), (True, "chunked"))
]


@pytest.mark.parametrize("form", FORMS)
async def test_the_corpus_gives_the_same_rows_in_any_order(
    sqlite_template: Path, tmp_path: Path, form: Mapping[str, Any]
) -> None:
    """One batch a student, one event a request, and batches in orders drawn from all there are."""
    events = recorded()
    expected = await rows_after(sqlite_template, tmp_path / "whole", cut(events, 1), form)
    assert sum(len(rows) for rows in expected.values()) > len(events)
    orders = [cut(events, len(events))]
    every_order = [list(order) for order in permutations(cut(events, 4))]
    orders += Random(str(form)).sample(every_order, 5)
    for number, batches in enumerate(orders):
        found = await rows_after(sqlite_template, tmp_path / str(number), batches, form)
        assert found == expected, number
