"""The examples that both sides read, and the bounds of what is accepted."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from jupyter_cell_monitor_server.contract import people, problems, results, updates
from jupyter_cell_monitor_server.contract.batches import BatchError, split_batch
from jupyter_cell_monitor_server.contract.events import (
    OtherEvent,
    ParsedEvent,
    RejectedEvent,
    parse_event,
)
from jupyter_cell_monitor_server.contract.fields import (
    MAX_BATCH_EVENTS,
    MAX_BODY_BYTES,
    MAX_CELLS,
    MAX_EVENT_BYTES,
    MAX_INT32,
    MAX_INT53,
)

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
Json = dict[str, Any]


def examples(name: str) -> list[Json]:
    found: list[Json] = json.loads((HERE / f"{name}.json").read_text("utf-8"))
    return found


def named(name: str, **changes: Any) -> Json:
    [example] = [one for one in examples("events") if one["name"] == name]
    return {**example["event"], **changes}


def start(**changes: Any) -> Json:
    return named("seed: a run starts", **changes)


def encoded(event: Json) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def parse(event: Json) -> ParsedEvent | RejectedEvent:
    return parse_event(encoded(event), NOW)


def is_taken(event: Json) -> bool:
    return isinstance(parse(event), ParsedEvent)


def by_name(example: Json) -> str:
    return str(example["name"])


STORED = [one for one in examples("events") if one["result"] == "stored"]
REJECTED = [one for one in examples("events") if one["result"] == "rejected"]
DOCUMENTS = [
    *((updates, one["struct"], one["message"]) for one in examples("updates")),
    *((people, one["struct"], one["document"]) for one in examples("people")),
    *(
        (results if one["struct"] == "EventResults" else problems, one["struct"], one["document"])
        for one in examples("problems")
    ),
]


@pytest.mark.parametrize("example", STORED, ids=by_name)
def test_a_valid_event_is_taken_and_each_of_its_fields_is_known(example: Json) -> None:
    parsed = parse(example["event"])
    assert isinstance(parsed, ParsedEvent), parsed
    assert sorted(parsed.extra) == sorted(example.get("extra", []))
    if isinstance(parsed.event, OtherEvent):
        assert json.loads(parsed.raw) == example["event"]
        return
    rebuilt = msgspec.to_builtins(parsed.event)
    for name in ("cells", "error", "metadata", "output", "code"):
        if example["event"].get(name):
            assert rebuilt[name] == example["event"][name]


@pytest.mark.parametrize("example", REJECTED, ids=by_name)
def test_a_bad_event_is_rejected_with_the_field_that_is_wrong(example: Json) -> None:
    parsed = parse(example["event"])
    assert isinstance(parsed, RejectedEvent), parsed
    assert (parsed.code, parsed.field) == ("invalid", example["field"])
    assert parsed.detail


@pytest.mark.parametrize(("module", "struct", "document"), DOCUMENTS)
def test_a_document_is_the_same_after_it_was_read_and_written(
    module: Any, struct: str, document: Json
) -> None:
    read = msgspec.json.decode(encoded(document), type=getattr(module, struct))
    assert json.loads(msgspec.json.encode(read)) == document


def test_the_examples_name_the_limits_that_hold() -> None:
    assert examples("people")[0]["document"]["limits"] == {
        "batch_events": MAX_BATCH_EVENTS,
        "body_bytes": MAX_BODY_BYTES,
        "event_bytes": MAX_EVENT_BYTES,
    }


def test_the_seeds_three_events_are_single_bodies() -> None:
    for event in [one["event"] for one in STORED if one["name"].startswith("seed: ")]:
        assert split_batch(encoded(event)).events == [encoded(event)]


def test_a_batch_is_split_into_the_bytes_of_its_events() -> None:
    batch = {"events": [one["event"] for one in examples("events")]}
    parts = split_batch(encoded(batch)).events
    assert [json.loads(part) for part in parts] == batch["events"]


@pytest.mark.parametrize("body", [b"", b"[]", b"5", b'{"events": 5}', b'{"events": [', b"\xff\xfe"])
def test_a_body_that_is_no_batch_and_no_event_is_a_batch_error(body: bytes) -> None:
    with pytest.raises(BatchError):
        split_batch(body)


@pytest.mark.parametrize("body", [b"[]", b"null", b"{}", b"\xff", b'{"event_type": "x"'])
def test_bytes_that_are_no_event_are_rejected(body: bytes) -> None:
    assert isinstance(parse_event(body, NOW), RejectedEvent)


@pytest.mark.parametrize(
    ("size", "code"),
    [(MAX_EVENT_BYTES - 1, None), (MAX_EVENT_BYTES, None), (MAX_EVENT_BYTES + 1, "too_large")],
)
def test_an_event_holds_256_kib(size: int, code: str | None) -> None:
    frame = len(encoded(start(code="")))
    body = encoded(start(code="x" * (size - frame)))
    assert len(body) == size
    parsed = parse_event(body, NOW)
    assert (parsed.code if isinstance(parsed, RejectedEvent) else None) == code


@pytest.mark.parametrize(
    ("field", "most"),
    [
        ("student_id", 255),
        ("session_id", 200),
        ("notebook_path", 500),
        ("cell_id", 100),
        ("event_id", 200),
        ("kernel_id", 200),
        ("execution_id", 200),
    ],
)
def test_a_text_has_a_longest_length_in_characters(field: str, most: int) -> None:
    assert is_taken(start(**{field: "本" * (most - 1)}))
    assert is_taken(start(**{field: "本" * most}))
    rejected = parse(start(**{field: "本" * (most + 1)}))
    assert isinstance(rejected, RejectedEvent)
    assert rejected.field == field


@pytest.mark.parametrize(
    ("field", "least", "most"),
    [("execution_count", 0, MAX_INT32), ("seq", 0, MAX_INT53)],
)
def test_a_number_has_its_bounds(field: str, least: int, most: int) -> None:
    assert [is_taken(start(**{field: n})) for n in (least - 1, least, most, most + 1)] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("count", [MAX_CELLS - 1, MAX_CELLS, MAX_CELLS + 1])
def test_a_notebook_has_at_most_2000_cells(count: int) -> None:
    cell = {"cell_id": "a", "cell_type": "code", "index": 0, "source_sha256": "0" * 64}
    opened = named("a notebook is opened", cells=[cell] * count)
    parsed = parse(opened)
    rejected = parsed.field if isinstance(parsed, RejectedEvent) else None
    assert rejected == ("cells" if count > MAX_CELLS else None)


@pytest.mark.parametrize("field", ["timestamp", "started_at"])
@pytest.mark.parametrize(
    ("moment", "taken"),
    [
        (datetime(1999, 12, 31, 23, 59, 59, 999999, UTC), False),
        (datetime(2000, 1, 1, tzinfo=UTC), True),
        (NOW + timedelta(days=1), True),
        (NOW + timedelta(days=1, microseconds=1), False),
        (NOW + timedelta(days=2), False),
        (datetime(2038, 1, 20, tzinfo=UTC), False),
    ],
)
def test_a_time_lies_between_2000_and_a_day_ahead(
    field: str, moment: datetime, taken: bool
) -> None:
    assert is_taken(start(**{field: moment.isoformat()})) is taken


@pytest.mark.parametrize(
    ("path", "stored"),
    [
        ("/notebooks/a.ipynb", "notebooks/a.ipynb"),
        ("a..b/c.ipynb", "a..b/c.ipynb"),
        ("授業/か\u3099.ipynb", "授業/が.ipynb"),
        ("..", None),
        ("a/..", None),
        ("/../a", None),
        ("a\\b", None),
        ("a\x00b", None),
        ("a\x7fb", None),
        ("", None),
    ],
)
def test_a_path_is_a_label_below_the_home_folder(path: str, stored: str | None) -> None:
    parsed = parse(start(notebook_path=path))
    if stored is None:
        assert isinstance(parsed, RejectedEvent)
        assert parsed.field == "notebook_path"
    else:
        assert isinstance(parsed, ParsedEvent)
        assert parsed.event.notebook_path == stored
