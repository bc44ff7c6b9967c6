"""JSONTestSuite as whole bodies, as events, and as values inside of an output."""

import json
from typing import Any

import pytest

from jupyter_cell_monitor_server.contract.batches import BatchError
from jupyter_cell_monitor_server.contract.json_text import decodable, restore_halves
from jupyter_cell_monitor_server.contract.results import EventResult
from jupyter_cell_monitor_server.service.inflating import BodyTooLarge

from .corpora import json_test_suite
from .database import Database, person
from .made import end, start
from .taking import Kept, a_batch, deliver, taking

SUITE = json_test_suite()
# A parser may take these, and then one of two values is lost.
TWICE = {"y_object_duplicated_key", "y_object_duplicated_key_and_value"}
BEFORE, BEHIND = (
    json.dumps(start(run=f"neighbour-{n}", event_id=f"neighbour-{n}")).encode() for n in range(2)
)


def is_to_be_taken(name: str) -> bool:
    return name.startswith("y_") and name not in TWICE


def with_output(name: str) -> bytes:
    """An event whose output holds the case."""
    frame = json.dumps(end(run=name, event_id=name, output={"value": "@"}))
    before, after = frame.encode().split(b'"@"')
    return before + SUITE[name] + after


def test_the_suite_is_whole() -> None:
    """318 cases of three kinds."""
    kinds = [name[:2] for name in SUITE]
    assert [kinds.count(kind) for kind in ("y_", "n_", "i_")] == [95, 188, 35]


@pytest.mark.parametrize("name", SUITE)
async def test_a_case_as_a_body_is_refused_with_the_reason(name: str) -> None:
    """As a whole, or as the one event that it is not."""
    kept = Kept()
    async with taking(kept) as ingest:
        try:
            [found] = await ingest.take(person(), SUITE[name])
        except (BatchError, BodyTooLarge) as error:
            found = EventResult(event_id=None, status="rejected", code="invalid", detail=str(error))
    assert (found.status, found.code) == ("rejected", "invalid")
    assert found.detail
    assert kept.raws == []


# Nothing at all between two commas is no event that could be refused.
@pytest.mark.parametrize("name", [name for name in SUITE if SUITE[name].strip()])
async def test_a_case_as_an_event_is_refused_and_its_neighbours_are_stored(name: str) -> None:
    """None of them is an event."""
    kept = Kept()
    async with taking(kept) as ingest:
        found = await deliver(ingest, [BEFORE, SUITE[name], BEHIND])
    assert [result.status for result in found] == ["stored", "rejected", "stored"]
    assert found[1].detail
    assert kept.raws == [BEFORE, BEHIND]


@pytest.mark.parametrize("name", SUITE)
async def test_a_case_in_an_output_is_taken_where_it_is_json(name: str) -> None:
    """And refused with the reason where it is none; its neighbours are stored."""
    kept, event = Kept(), with_output(name)
    async with taking(kept) as ingest:
        found = await deliver(ingest, [BEFORE, event, BEHIND])
    is_taken = found[1].status == "stored"
    assert is_taken == is_to_be_taken(name) or name.startswith("i_"), found[1]
    assert is_taken or found[1].detail
    assert kept.raws == [BEFORE, *([event] if is_taken else []), BEHIND]


ALONE = {
    "n_array_1_true_without_comma",
    "n_array_a_invalid_utf8",
    "n_array_just_minus",
    "n_number_NaN",
    "n_number_infinity",
    "n_string_1_surrogate_then_escape_u1",
    "n_string_unescaped_tab",
    "n_structure_capitalized_True",
    "i_number_huge_exp",
    "y_object_duplicated_key",
}


@pytest.mark.parametrize("name", sorted(ALONE))
async def test_a_case_whose_brackets_match_is_refused_alone_at_once(name: str) -> None:
    """Its batch needs no halving."""
    kept = Kept()
    async with taking(kept) as ingest:
        found = await ingest.take(person(), a_batch([BEFORE, with_output(name), BEHIND]))
    assert [result.status for result in found] == ["stored", "rejected", "stored"]


async def test_what_is_taken_is_read_back(db: Database) -> None:
    """Every value that an output may hold, on both databases."""
    names = [name for name in SUITE if not name.startswith("n_")]
    async with taking(db.store, db.now) as ingest:
        found = await deliver(ingest, [with_output(name) for name in names])
    taken = [name for name, one in zip(names, found, strict=True) if one.status == "stored"]
    assert {name for name in names if is_to_be_taken(name)} <= set(taken)
    rows = await db.rows("cell_executions")
    stored = {row["execution_label"]: row["output"]["value"] for row in rows}
    assert stored == {name: value_of(SUITE[name]) for name in taken}


def value_of(raw: bytes) -> Any:
    """What the service is to make of a value: Python's own parser, after the marks."""
    return json.loads(decodable(raw))


def test_half_a_pair_of_the_suite_is_given_back() -> None:
    """As its escape."""
    raw = SUITE["i_string_invalid_lonely_surrogate"]
    assert restore_halves(decodable(raw)) == raw == b'["\\ud800"]'
