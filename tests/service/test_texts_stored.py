"""What students write is read back exactly, on both databases."""

import json
from typing import Any

import pytest

from jupyter_cell_monitor_server.contract.events import (
    RejectedEvent,
    parse_event,
)
from jupyter_cell_monitor_server.contract.paths import clean_path
from jupyter_cell_monitor_server.service.db.engine import reading
from jupyter_cell_monitor_server.service.db.reads import RunFilter, read_executions

from .database import Database, person
from .made import CLASS, NOON, Json, at, end, failed, opened, start

TEXTS = {
    "nul": "a\x00b\x00",
    "the mark of an escape": "\ue000 \ue0000 \ue0001 \ue000\x00",
    "emoji": "👩🏽‍💻👍",
    "japanese": "これは日本語です。\u3000「改行」\n",
    "right to left": "\u202eevil\u202c",
    "controls": "".join(map(chr, range(32))) + "\x7f\x85\u2028\u2029\ufeff",
    "backslashes": "\\u0000 \\\\x00 \\",
    "markup": "<script>alert('x')</script>",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
async def test_any_text_is_read_back_as_it_was(db: Database, text: str) -> None:
    """In code, output, error and unknown fields, also as the key of an object."""
    error = {"name": text[:20], "message": text, "traceback": [text]}
    await db.send(
        opened(),
        start(code=text),
        failed(output=[{text: text}], more={text: [text]}) | {"error": error},
    )
    run, log = await db.row("cell_executions"), await db.row("error_logs")
    assert (run["code"], run["output"], run["extra"]) == (
        text,
        [{text: text}],
        {"more": {text: [text]}},
    )
    assert (log["name"], log["message"], log["traceback"]) == (text[:20], text, [text])
    async with reading(db.engine) as connection:
        [read] = (await read_executions(connection, RunFilter(student_id="ai"))).executions
    assert (read.code, read.output) == (text, [{text: text}])
    assert db.live()[-1].error.message == text  # type: ignore[attr-defined]


NUMBERS = [0, -1, 2**53, 2**63 - 1, 10**40, 0.1, -0.5, 1e300, 1.7976931348623157e308, 5e-324, True]


@pytest.mark.parametrize("number", NUMBERS)
async def test_any_number_in_an_output_is_read_back(db: Database, number: Any) -> None:
    """Also those beyond 64 bits; PostgreSQL gives the digits of large ones without exponent."""
    await db.send(end(output={"n": number}))
    stored = (await db.row("cell_executions"))["output"]["n"]
    assert type(number)(stored) == number


async def test_an_output_of_200_kb_is_read_back(db: Database) -> None:
    """Nothing is cut on the way."""
    output = [{"text": "あ" * 60_000 + "\x00"}]
    await db.send(end(output=output))
    assert (await db.row("cell_executions"))["output"] == output


@pytest.mark.parametrize("depth", [65, 500, 5_000, 60_000])
def test_an_event_that_is_nested_too_deep_is_rejected_alone(depth: int) -> None:
    """As invalid, and not by an error of the service."""
    raw = json.dumps(end(output={"text": "@"})).replace('"@"', "[" * depth + "]" * depth)
    found = parse_event(raw.encode(), NOON)
    assert isinstance(found, RejectedEvent)
    assert found.code == "invalid"


LONGEST = {
    "cell_id": 100,
    "session_id": 200,
    "kernel_id": 200,
    "execution_id": 200,
    "event_id": 200,
}


@pytest.mark.parametrize("char", ["x", "あ", "👍", "\ue000", "\x00"])
async def test_the_longest_texts_of_the_contract_fit_into_their_columns(
    db: Database, char: str
) -> None:
    """Counted in characters, whatever they take when they are written."""
    texts = {name: char * length for name, length in LONGEST.items()}
    error = {"name": char * 500, "message": "", "traceback": []}
    path = ("x" if char == "\x00" else char) * 500
    cells = [
        {"cell_id": char * 100, "cell_type": char * 20, "index": 0, "source_sha256": "0" * 64}
        | {"grade_id": char * 100}
    ]
    event = opened(notebook_path=path, notebook_name=char * 200, cells=cells)
    other = {"event_type": char * 200, "student_id": "ai", "timestamp": at(0)}
    assert (
        await db.send(event, failed(notebook_path=path) | texts | {"error": error}, other)
        == ["stored"] * 3
    )
    run, notebook = await db.row("cell_executions"), await db.row("notebooks")
    assert (run["cell_id"], run["kernel_id"]) == (char * 100, char * 200)
    assert (notebook["path"], notebook["name"]) == (path, char * 200)
    assert (await db.row("error_logs"))["name"] == char * 500
    assert (await db.row("other_events"))["event_type"] == char * 200


async def test_the_longest_names_of_people_and_classes_fit(db: Database) -> None:
    """A Hub's names have up to 255 characters."""
    name, class_id = "n" * 255, "c" * 255
    path = f"assignments/{class_id}/{'a' * 230}/x"
    who = person(name, "student", class_id)
    assert (
        await db.send(opened(name, notebook_path=path), failed(name, notebook_path=path), who=who)
        == ["stored"] * 2
    )
    assert (await db.row("notebooks"))["class_id"] == class_id


async def test_the_name_of_an_assignment_is_cut_where_it_is_too_long(db: Database) -> None:
    """A path may hold a longer one than a file system would."""
    assert await db.send(opened(notebook_path=f"assignments/{CLASS}/{'a' * 400}/x")) == ["stored"]
    assert (await db.row("notebooks"))["assignment"] == "a" * 255


def test_a_path_that_grows_when_it_is_normalised_is_bounded_still() -> None:
    """U+0958 becomes two characters in NFC."""
    assert len(clean_path("\u0958" * 250)) == 500
    with pytest.raises(ValueError, match="500"):
        clean_path("\u0958" * 251)


@pytest.mark.parametrize("path", ["", "/", "//etc/x", "../x", "a/../b", "a\\b", "a\nb", "a\x00b"])
def test_a_path_that_leaves_the_home_folder_is_refused(path: str) -> None:
    """One leading slash is the original specification's way to write it."""
    with pytest.raises(ValueError, match="notebook_path"):
        clean_path(path)


def test_the_original_specifications_slash_is_taken_off() -> None:
    """Once."""
    assert clean_path("/notebooks/a.ipynb") == "notebooks/a.ipynb"


async def test_unknown_fields_are_kept_beside_the_known(db: Database) -> None:
    """Whatever they hold."""
    extra: Json = {"memory_usage": "45MB", "nested": {"a": [None, 1.5, {"b": "\x00"}]}}
    await db.send(start(**extra))
    assert (await db.row("cell_executions"))["extra"] == extra
