"""What no parser may take: bad JSON, keys that stand twice, other types; and what is kept."""

from typing import Any

import pytest

from jupyter_cell_monitor_server.contract.batches import BatchError, BatchTooLong, split_batch
from jupyter_cell_monitor_server.contract.events import ParsedEvent, RejectedEvent, parse_event
from jupyter_cell_monitor_server.contract.fields import MAX_BATCH_EVENTS, MAX_DEPTH
from jupyter_cell_monitor_server.contract.json_text import is_deeper
from jupyter_cell_monitor_server.contract.salvage import MAX_ENVELOPE_BYTES

from .test_contract import NOW, Json, encoded, named, parse, start

GOOD = encoded(start(event_id="good"))
NUL = b"\x00"
BOM = b"\xef\xbb\xbf"


def in_output(value: bytes) -> bytes:
    """An event with this text as a value in its output."""
    return encoded(named("seed: a run ends", output={"v": "@"})).replace(b'"@"', value)


def in_other(value: bytes) -> bytes:
    """An event of a type that is not known, with this text as a value that nobody looks at."""
    other = {"event_type": "later", "student_id": "a", "timestamp": NOW.isoformat(), "v": "@"}
    return encoded(other).replace(b'"@"', value)


def in_extra(value: bytes) -> bytes:
    """A start with this text as the value of an unknown field."""
    return encoded(start(more={"v": "@"})).replace(b'"@"', value)


def in_error(value: bytes) -> bytes:
    """An error with this text as the value of an unknown field."""
    error = {"name": "E", "message": "", "more": "@"}
    return encoded(named("seed: a run fails", error=error)).replace(b'"@"', value)


PLACES = [in_output, in_other, in_extra, in_error]
NO_JSON = [
    *(b"NaN", b"-NaN", b"Infinity", b"-Infinity", b"nan", b"inf", b"1e400", b"-1e400", b"1e99999"),
    *(b"01", b"+1", b".5", b"1.", b"0x1", b"1_000", b"1e", b"--1", b"undefined", b"True"),
    *(b"'x'", b'"\\x41"', b'"\\u12g4"', b'"a\tb"', b'"a\x00b"', b'"\xff"', b'"\xc0\x80"'),
    *(b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"', b"[1,]", b"[,1]", b"{1:2}"),
    *(b'{"a":1,}', b"[1 2]", b"/**/1", b"1//", NUL, BOM, b"{a:1}", b'{"a":1,"a":1}'),
    *(b'{"a":1,"\\u0061":2}', b'[{"b":{"a":1,"c":0,"a":1}}]', b"[" * 80 + b"]" * 80),
    *(b'{"a":' * 80 + b"1" + b"}" * 80, b"[" * 30_000 + b"]" * 30_000),
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", NO_JSON, ids=lambda value: repr(value[:20]))
def test_what_is_no_json_is_refused_alone_wherever_it_stands(place: Any, value: bytes) -> None:
    bad = place(value)
    found = parse_event(bad, NOW)
    assert isinstance(found, RejectedEvent)
    assert found.code == "invalid"
    assert found.detail
    assert split_batch(b'{"events": [%s, %s,%s]}' % (GOOD, bad, GOOD)).events == [GOOD, bad, GOOD]


@pytest.mark.parametrize(
    "raw",
    [GOOD + b"x", GOOD + GOOD, GOOD + NUL, BOM + GOOD, GOOD[:-1], GOOD + b"}", b"[" + GOOD + b"]"],
    ids=range(7),
)
def test_what_stands_around_an_event_is_refused(raw: bytes) -> None:
    assert isinstance(parse_event(raw, NOW), RejectedEvent)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig"])
def test_a_body_in_another_encoding_is_refused_as_a_whole(encoding: str) -> None:
    with pytest.raises(BatchError):
        split_batch(f'{{"events": [{GOOD.decode()}]}}'.encode(encoding))


@pytest.mark.parametrize("key", ["event_type", "student_id", "code", "timestamp", "more"])
@pytest.mark.parametrize("is_escaped", [False, True])
def test_a_field_that_stands_twice_is_refused_by_its_name(key: str, is_escaped: bool) -> None:
    spelling = f"\\u{ord(key[0]):04X}{key[1:]}" if is_escaped else key
    event = start(event_id="e", more=1)
    raw = encoded(event)[:-1] + f',"{spelling}":"{event[key]}"}}'.encode()
    found = parse_event(raw, NOW)
    assert isinstance(found, RejectedEvent)
    assert found.code == "invalid"
    assert found.event_id == "e"


WRONG_TYPES: dict[str, list[Any]] = {
    "student_id": [None, 1, True, [], {}],
    "execution_count": ["1", 1.5, True, None, 2**70, -1, [1]],
    "seq": ["1", -1, 1.5, 2**53, 2**70],
    "code": [None, 1, ["x"], {}],
    "cell_id": ["", None, 5],
    "event_type": ["", None, 5, [], {}],
    "event_id": ["", 5, []],
}


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field in WRONG_TYPES for value in WRONG_TYPES[field]]
)
def test_another_type_is_refused_with_the_field(field: str, value: Any) -> None:
    found = parse(start(**{field: value}))
    assert isinstance(found, RejectedEvent)
    assert (found.code, found.field) == ("invalid", field)


def test_long_integers_are_kept_where_anything_may_stand_and_refused_elsewhere() -> None:
    digits = b"9" * 5_000
    for place in PLACES:
        found = parse_event(place(digits), NOW)
        assert isinstance(found, ParsedEvent), found
        assert digits.decode() in str(found.fields())
    raw = encoded(start(execution_count=7)).replace(b":7", b":" + digits)
    found = parse_event(raw, NOW)
    assert isinstance(found, RejectedEvent)
    assert found.field == "execution_count"


def test_unknown_fields_are_kept_at_every_level() -> None:
    error: Json = {
        "name": "E",
        "message": "m",
        "lineno": 3,
        "context": {"variables": [{"name": "x"}], "frames": 2},
    }
    found = parse(named("seed: a run fails", error=error, first={"second": [None]}))
    assert isinstance(found, ParsedEvent)
    assert found.extra == {
        "first": {"second": [None]},
        "error": {"lineno": 3, "context": {"frames": 2}},
    }
    cell = {"cell_id": "a", "cell_type": "code", "index": 0, "source_sha256": "0" * 64}
    opened = named("a notebook is opened", cells=[cell, cell | {"tags": ["x"]}])
    found = parse(opened)
    assert isinstance(found, ParsedEvent)
    assert found.extra == {"cells": {"1": {"tags": ["x"]}}}


@pytest.mark.parametrize("ranges", [[[3, 2]], [[0, 1], [9, 8]], [[1]], [[1, 2, 3]], [], [["1", 2]]])
def test_ranges_of_lost_events_begin_with_their_first_number(ranges: Any) -> None:
    lost = start(event_type="events_dropped", ranges=ranges, count=1, reason="queue_full")
    for name in ("code", "cell_id", "execution_count"):
        lost.pop(name)
    assert isinstance(parse(lost | {"ranges": [[2, 2], [4, 9]]}), ParsedEvent)
    found = parse(lost)
    assert isinstance(found, RejectedEvent)
    assert str(found.field).startswith("ranges")


@pytest.mark.parametrize(("depth", "is_taken"), [(MAX_DEPTH, True), (MAX_DEPTH + 1, False)])
def test_an_event_is_nested_64_deep(depth: int, is_taken: bool) -> None:
    inner = depth - 2
    raw = in_output(b"[" * inner + b'"[[[[["' + b"]" * inner)
    assert isinstance(parse_event(raw, NOW), ParsedEvent) is is_taken


NESTED = [
    (b"", 0),
    (b"[]" * 500, 1),
    (b'[{"a":[{}]}' + b",[]" * 100 + b"]", 4),
    (b"[" * 70 + b"]" * 70, 70),
    (b'{"a":' * 70 + b"1" + b"}" * 70, 70),
    (b"[" * 500, 500),
    (b"]" * 500, 0),
    (b'["' + b"[" * 500 + b'"]', 1),
    (b'["\\"' + b"[" * 99, 100),
    (b'["\\""' + b"{" * 99, 100),
    (b"[}" * 100, 1),
]


@pytest.mark.parametrize(("raw", "depth"), NESTED, ids=range(len(NESTED)))
def test_brackets_are_counted_outside_of_strings(raw: bytes, depth: int) -> None:
    assert [is_deeper(raw, limit) for limit in (1, 4, 64, 99)] == [
        depth > limit for limit in (1, 4, 64, 99)
    ]


ENVELOPES = [
    b'{"events": [], "events": []}',
    b'{"events": [%s], "sent_at": "yesterday"}' % GOOD,
    b'{"events": [%s], "sent_at": 5}' % GOOD,
    b'{"events": [%s], "sent_at": "2026-11-23T09:00:00"}' % GOOD,
    b'{"events": [%s], "contents": 1}' % GOOD,
    b'{"events": [%s], "contents": "true"}' % GOOD,
    b'{"events": [%s], "contents": true, "contents": false}' % GOOD,
    b'{"events": [%s], "more": NaN}' % GOOD,
    b'{"events": [%s], "more": 1e400}' % GOOD,
    b'{"events": [%s], "more": {"a": 1, "a": 2}}' % GOOD,
    b'{"events": [%s]} x' % GOOD,
    b'{"events": [%s]' % GOOD,
    b'{"events": [%s}]' % GOOD,
    b'{"events": [%s,]}' % GOOD,
    b'{"events": [,%s]}' % GOOD,
    b'{"events": [%s %s]}' % (GOOD, GOOD) + b"]",
    b'{"events": [%s], more: 1}' % GOOD,
    b'[{"events": []}]',
    b'{"events": null}',
    b'{"events": "x"}',
]


@pytest.mark.parametrize("body", ENVELOPES, ids=range(len(ENVELOPES)))
def test_a_wrong_envelope_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(BatchError) as refused:
        split_batch(body)
    assert not isinstance(refused.value, BatchTooLong)
    assert str(refused.value)


def test_an_envelope_says_when_it_was_sent_and_whether_contents_count() -> None:
    body = b'{"contents":true,"later":[{}],"events":[ %s ,1],"sent_at":"2026-11-23T18:00:00+09:00"}'
    found = split_batch(body % GOOD)
    assert (found.events, found.sent_at, found.contents) == ([GOOD, b"1"], NOW, True)
    plain = split_batch(b'{"events":[]}')
    assert (plain.events, plain.sent_at, plain.contents) == ([], None, False)


@pytest.mark.parametrize("event", [GOOD, in_output(b"NaN")], ids=["good", "bad"])
def test_an_envelope_is_small_besides_its_events(event: bytes) -> None:
    frame = b'{"more":"","events":[]}'
    for size, is_taken in ((MAX_ENVELOPE_BYTES, True), (MAX_ENVELOPE_BYTES + 1, False)):
        more = b"x" * (size - len(frame))
        body = b'{"more":"%s","events":[%s]}' % (more, event)
        if is_taken:
            assert split_batch(body).events == [event]
        else:
            with pytest.raises(BatchError):
                split_batch(body)


def test_white_space_around_a_batch_does_not_count() -> None:
    space = b" \n" * MAX_ENVELOPE_BYTES
    assert split_batch(space + b'{"events":[%s]}' % GOOD + space).events == [GOOD]


def test_an_event_may_have_fields_that_are_named_like_the_envelopes() -> None:
    raw = encoded(start(events=[1], sent_at=5, contents="x"))
    assert split_batch(raw).events == [raw]
    assert isinstance(parse_event(raw, NOW), ParsedEvent)


HALVES = [rb'"\ud800"', rb'"\\\ud800"', rb'["\ud83d\ude00\udc00",{"\ud800":"\ud800"}]']


@pytest.mark.parametrize("value", HALVES)
def test_events_with_halves_are_split_as_they_were_sent(value: bytes) -> None:
    events = [in_output(value), GOOD, in_other(value), in_output(value)]
    body = b'{"more": [%s], "events": [%s\n]}' % (in_output(value), b" ,\n".join(events))
    assert split_batch(body).events == events
    broken = in_output(b"NaN")
    assert split_batch(body.replace(GOOD, broken)).events == [events[0], broken, *events[2:]]


def test_a_broken_batch_holds_100_events_too() -> None:
    bad = in_output(b"NaN")
    fits = b'{"events": [%s]}' % b",".join([bad] * MAX_BATCH_EVENTS)
    assert split_batch(fits).events == [bad] * MAX_BATCH_EVENTS
    with pytest.raises(BatchTooLong):
        split_batch(b'{"events": [%s]}' % b",".join([bad] * (MAX_BATCH_EVENTS + 1)))


UNCLEAR = [
    b'{"code": "x}',
    b'{"code": x"}',
    b'{"code": "a"b"}',
    b'{"code": [1}',
    b'{"code": 1]}',
    b'{"code": "x\\"}',
    b"",
    b'{"a":"x},{"b":"y}',
    b'{"a":[1},{"b":1]}',
]


@pytest.mark.parametrize("bad", UNCLEAR)
def test_events_that_nobody_can_tell_apart_are_refused_as_a_whole(bad: bytes) -> None:
    with pytest.raises(BatchError):
        split_batch(b'{"events": [%s,%s,%s]}' % (GOOD, bad, GOOD))


def test_a_broken_body_of_millions_of_brackets_is_not_looked_at_for_long() -> None:
    for body in (b'{"events": [' + b"[]," * 2_000_000 + b"NaN]}", b"{" + b"[]," * 2_000_000):
        with pytest.raises(BatchError):
            split_batch(body)


def test_a_type_that_stands_deeper_is_not_the_events() -> None:
    nested = named("seed: a run ends", output={"event_type": "cell_execution_complete"})
    event = {name: value for name, value in nested.items() if name != "event_type"}
    assert isinstance(parse_event(encoded(event), NOW), RejectedEvent)
