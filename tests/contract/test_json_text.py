"""What no decoder takes as it stands: halves of surrogate pairs, long integers, repeated keys."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jupyter_cell_monitor_server.contract.duplicates import repeated_key
from jupyter_cell_monitor_server.contract.json_text import (
    escape_halves,
    escape_text,
    first_characters,
    quote_long_integers,
    restore_halves,
    without_half_pairs,
)

SPECIAL = '\ud800\udbff\udc00\udfff\ue000\ue001d80e1"\\u\x00あ😀'
HALVES = st.text(st.sampled_from(SPECIAL) | st.characters())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | HALVES,
    lambda inner: st.lists(inner) | st.dictionaries(HALVES, inner),
    max_leaves=8,
)


def through(sent: bytes) -> bytes:
    """What a reader gets of a JSON text that was decoded and encoded again."""
    return restore_halves(msgspec.json.encode(msgspec.json.decode(escape_halves(sent))))


@settings(deadline=None)
@given(JSON)
@example("\ue001d800")
@example("\ue001\ud800\ue001e001")
@example("\\\ud83d")
@example("\ud83d\U0001f600\ude00")
def test_any_text_is_given_back_as_it_was_sent(value: Any) -> None:
    for is_ascii in (True, False):
        raw = as_browsers_write(json.dumps(value, ensure_ascii=is_ascii))
        assert json.loads(through(raw)) == json.loads(raw)


def as_browsers_write(text: str) -> bytes:
    """Halves as escapes, all else as it is."""
    return "".join(
        f"\\u{ord(char):04x}" if "\ud800" <= char <= "\udfff" else char for char in text
    ).encode()


@pytest.mark.parametrize("digits", ["d83d", "D83D", "dFfF", "DC00"])
def test_a_half_stands_as_a_mark_and_its_digits(digits: str) -> None:
    escaped = escape_halves(b'"a\\u%sb"' % digits.encode())
    assert msgspec.json.decode(escaped) == f"a\ue001{digits.lower()}b"
    assert restore_halves(escaped) == b'"a\\u%sb"' % digits.lower().encode()


WHOLE = [
    rb'"\ud83d\ude00"',
    rb'"\\ud83d"',
    rb'"\\\\ud83d"',
    rb'"\u001b[31m \\u \\\ud83d\ude00"',
    b'"plain"',
    '"\ue000 \ue002 é あ"'.encode(),
    b'"\xff\xfe not UTF-8"',
]


@pytest.mark.parametrize("raw", WHOLE)
def test_what_is_whole_stays_as_it_is(raw: bytes) -> None:
    assert escape_halves(raw) == raw
    assert restore_halves(raw) == raw
    assert without_half_pairs(raw) == raw


@pytest.mark.parametrize("raw", [rb'"\ud83d"', rb'"\ud83d\ud83d\ude00\ude00"', rb'"\\\udfff"'])
def test_places_are_found_in_a_text_of_the_same_length(raw: bytes) -> None:
    plain = without_half_pairs(raw)
    assert plain != raw
    assert len(plain) == len(raw)
    assert "\ufffd" in msgspec.json.decode(plain)


def test_a_mark_without_its_digits_is_no_half() -> None:
    text = "\ue001d8 \ue001zzzz \ue001".encode()
    assert restore_halves(text) == text


def test_a_text_of_a_url_is_marked_as_one_of_json_is() -> None:
    assert escape_text("a\ue001b") == msgspec.json.decode(escape_halves('"a\ue001b"'.encode()))


def test_a_text_is_not_cut_within_a_mark() -> None:
    text = "ab\ue001d800cd"
    cut = {first_characters(text, length) for length in range(3, 7)}
    assert cut == {"ab"}
    assert first_characters(text, 7) == "ab\ue001d800"
    assert first_characters(text, 9) == text


INTEGERS = [
    *(2**63 - 1, -(2**63), 0, -1, 10**18),
    *(2**63, -(2**63) - 1, 2**64, 10**19, 10**40, -(10**40), 10**4999),
]


@pytest.mark.parametrize("number", INTEGERS, ids=lambda number: f"{len(f'{number:x}')} hex digits")
def test_an_integer_beyond_64_bits_is_its_digits(number: int) -> None:
    digits = f"{number:d}" if abs(number) < 10**4000 else "1" + "0" * 4999
    text = f'{{"n": [{digits}, {{"m":{digits}}}]}}'.encode()
    expected: Any = number if -(2**63) <= number < 2**63 else digits
    assert msgspec.json.decode(quote_long_integers(text)) == {"n": [expected, {"m": expected}]}


AS_THEY_ARE = [
    b'"12345678901234567890123"',
    b'"\\"12345678901234567890123"',
    b"0.12345678901234567890123",
    b"12345678901234567890123.5",
    b"12345678901234567890123e5",
    b"1E12345678901234567890123",
    b"-0.000000000000000000000000001",
    b"{12345678901234567890123: 1}",
    b"{12345678901234567890123:1}",
    b"00012345678901234567890123",
]


@pytest.mark.parametrize("text", AS_THEY_ARE)
def test_nothing_but_an_integer_is_quoted(text: bytes) -> None:
    assert quote_long_integers(text) == text


BROKEN = ["-", "+", ".", "e", "x", "NaN", "1.e", "0x", "--"]


@pytest.mark.parametrize("before", BROKEN)
def test_what_is_no_json_is_not_made_json(before: str) -> None:
    text = f"[{before}12345678901234567890123]".encode()
    if before == "-":
        assert msgspec.json.decode(quote_long_integers(text)) == ["-12345678901234567890123"]
        return
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(quote_long_integers(text))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (b'{"a":1,"a":1}', "a"),
        (b'{"a":1,"\\u0061":1}', "a"),
        (b'{"\\u0061":1,"\\u0061":2}', "a"),
        ('{"あ":1,"\\u3042":1}'.encode(), "あ"),
        (b'{"a/":1,"a\\/":2}', "a/"),
        (b'{"":1,"":2}', ""),
        (b'{"x":[[{"y":{"b":1,"c":2,"b":3}}]]}', "b"),
        (b'{"a":{"b":1},"c":{"b":1}}', None),
        (b'{"a":{"a":{"a":1}}}', None),
        (b'[{"a":1},{"a":2}]', None),
        (b'{"a":"\\"a\\":1,\\"a\\":2"}', None),
        (b'{"a":1,"A":1," a":1}', None),
        (b'{"n":1e5,"m":123456789012345678901234567890}', None),
        (b"[]", None),
    ],
)
def test_a_key_that_stands_twice_in_one_object_is_found(text: bytes, key: str | None) -> None:
    assert repeated_key(text) == key


@settings(deadline=None)
@given(st.lists(st.text(max_size=3), min_size=1, max_size=6), st.booleans())
def test_keys_are_compared_as_what_they_say(keys: list[str], is_ascii: bool) -> None:
    members = [f"{json.dumps(key, ensure_ascii=is_ascii)}:1" for key in keys]
    found = repeated_key("{{{}}}".format(",".join(members)).encode())
    assert (found is None) == (len(set(keys)) == len(keys))
