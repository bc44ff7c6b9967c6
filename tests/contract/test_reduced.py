"""What a browser need not send again: contents, edits, and the shape of a reduced event."""

import hashlib
import json
from typing import Any

import msgspec
import pytest

from jupyter_cell_monitor_server.contract.paths import FieldError
from jupyter_cell_monitor_server.contract.reduced import (
    MAX_EDITS,
    MAX_PIECES,
    MIN_CONTENT_BYTES,
    contents_of,
    decode_reduced,
    edited,
    edited_size,
    is_reduced,
)

from .test_contract import Json, by_name, examples

SHA = "0" * 64
EDITS = examples("edits")


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("example", examples("contents"), ids=by_name)
def test_contents_are_the_texts_of_a_body_as_they_stand_there(example: Json) -> None:
    body = example["body"]
    assert sha256(body) == example["sha256"]
    found = [content.decode() for content in contents_of(body.encode())]
    assert found == [content["text"] for content in example["contents"]]
    for content in example["contents"]:
        assert content["text"] in body
        assert sha256(content["text"]) == content["sha256"]
        assert len(content["text"].encode()) >= MIN_CONTENT_BYTES


def test_what_is_no_event_has_no_contents() -> None:
    assert list(contents_of(b"[1")) == []
    assert list(contents_of(b'{"\xff":' + b'"x"}')) == []


def as_edits(example: Json) -> list[tuple[int, int, str]]:
    return [(at, removed, inserted) for at, removed, inserted in example["edits"]]


@pytest.mark.parametrize("example", [e for e in EDITS if e["content"] is not None], ids=by_name)
def test_edits_of_a_base_give_the_content_and_its_size(example: Json) -> None:
    base, edits = example["base"].encode(), as_edits(example)
    content = edited(base, edits)
    assert content == example["content"].encode()
    assert sha256(content.decode()) == example["sha256"]
    assert edited_size(base, edits) == len(content)


@pytest.mark.parametrize("example", [e for e in EDITS if e["content"] is None], ids=by_name)
def test_edits_that_do_not_fit_their_base_are_refused(example: Json) -> None:
    with pytest.raises(FieldError):
        edited_size(example["base"].encode(), as_edits(example))


def reduced(**changes: Any) -> bytes:
    event = {"event_id": "e", "session_id": "s", "sha256": SHA, "pieces": ["x"]} | changes
    return json.dumps({name: value for name, value in event.items() if value != "none"}).encode()


EDIT = [0, 0, "x"]
REFUSED = [
    {"event_id": "none"},
    {"session_id": "none"},
    {"session_id": ""},
    {"sha256": "none"},
    {"sha256": SHA[1:]},
    {"sha256": "G" * 64},
    {"pieces": []},
    {"pieces": "x"},
    {"pieces": [None]},
    {"pieces": [{}]},
    {"pieces": [{"sha256": "x"}]},
    {"pieces": [{"sha256": SHA, "base_sha256": SHA}]},
    {"pieces": [{"sha256": SHA, "base_sha256": None, "edits": []}]},
    {"pieces": [{"sha256": SHA, "edits": [EDIT]}]},
    {"pieces": [{"sha256": SHA, "base_sha256": SHA, "edits": [[0, 0]]}]},
    {"pieces": [{"sha256": SHA, "base_sha256": SHA, "edits": [[0, -1, "x"]]}]},
    {"pieces": [{"sha256": SHA, "base_sha256": SHA, "edits": [[2**64, 0, "x"]]}]},
    {"pieces": [{"sha256": SHA, "base_sha256": SHA, "edits": [[0, 0.5, "x"]]}]},
    {"pieces": ["x"] * (MAX_PIECES + 1)},
    {"pieces": [{"sha256": SHA, "base_sha256": SHA, "edits": [EDIT] * (MAX_EDITS + 1)}]},
]


@pytest.mark.parametrize("changes", REFUSED, ids=lambda changes: json.dumps(changes)[:60])
def test_a_malformed_reduced_event_is_refused(changes: Json) -> None:
    assert is_reduced(reduced(**changes))
    with pytest.raises((msgspec.DecodeError, FieldError)):
        decode_reduced(reduced(**changes))


TAKEN = [
    {},
    {"pieces": ["x"] * MAX_PIECES},
    {"pieces": [{"sha256": SHA, "base_sha256": SHA, "edits": [EDIT] * MAX_EDITS}]},
    {"pieces": [{"sha256": SHA, "base_sha256": SHA, "edits": []}]},
    {"pieces": [{"sha256": SHA, "later": 1}], "later": 1},
]


@pytest.mark.parametrize("changes", TAKEN, ids=lambda changes: json.dumps(changes)[:60])
def test_up_to_64_pieces_and_200_edits_are_taken(changes: Json) -> None:
    assert len(decode_reduced(reduced(**changes)).pieces) >= 1


@pytest.mark.parametrize(
    "raw",
    [
        b'{"event_type": "x", "pieces": []}',
        b'{"code": "\\"pieces\\": 1"}',
        b'{"output": {"pieces": []}}',
        b'["pieces"]',
        b'{"pieces": [}',
        b"\xff",
        b"",
    ],
)
def test_an_event_with_pieces_elsewhere_is_not_reduced(raw: bytes) -> None:
    assert not is_reduced(raw)
