"""A path is a label: what it may hold, and what it is stored as."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_cell_monitor_server.contract.events import ParsedEvent, RejectedEvent
from jupyter_cell_monitor_server.contract.paths import FieldError, clean_path

from .test_contract import named, parse, start

LABELS = {
    "/notebooks/a.ipynb": "notebooks/a.ipynb",
    "授業/第１回　変数（その２）.ipynb": "授業/第１回　変数（その２）.ipynb",
    "か\u3099.ipynb": "が.ipynb",
    "한\u1100\u1161.ipynb": "한가.ipynb",
    "👩🏽\u200d💻 ❤\ufe0f.ipynb": "👩🏽\u200d💻 ❤\ufe0f.ipynb",
    "葛\U000e0100.ipynb": "葛\U000e0100.ipynb",
    "نام\u200cه/\u200fשלום\u200e.ipynb": "نام\u200cه/\u200fשלום\u200e.ipynb",
    "a b\u00a0c\u00ad.ipynb": "a b\u00a0c\u00ad.ipynb",
    "...": "...",
    "a/...b/c..": "a/...b/c..",
    ".hidden/x": ".hidden/x",
    "a:b*c?d<e>|\"'`$(x);&%00%2e%2e": "a:b*c?d<e>|\"'`$(x);&%00%2e%2e",
    "drive C:/x": "drive C:/x",
}


@pytest.mark.parametrize(("path", "label"), LABELS.items())
def test_names_of_all_languages_are_labels(path: str, label: str) -> None:
    assert clean_path(path) == label


REFUSED = [
    *("", "/", "//etc/passwd", "///", "..", "../x", "/../x", "a/../b", "a/.."),
    *("a\\b", "\\\\server\\x", "..\\x", "a/..\\..", "a\x00b", "a\x00"),
    *(f"a{chr(code)}b" for code in (*range(1, 0x20), *range(0x7F, 0xA0))),
    *(f"a{char}b" for char in "\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"),
]


@pytest.mark.parametrize("path", REFUSED, ids=repr)
def test_what_leaves_the_home_folder_or_hides_is_refused(path: str) -> None:
    with pytest.raises(FieldError) as refused:
        clean_path(path, "renamed_from")
    assert refused.value.field == "renamed_from"


@pytest.mark.parametrize("field", ["notebook_path", "renamed_from"])
@pytest.mark.parametrize("path", ["../x", "a\x85b", "a\u202eb", "x\\y"])
def test_every_path_of_an_event_is_checked(field: str, path: str) -> None:
    found = parse(named("a notebook is opened", **{field: path}))
    assert isinstance(found, RejectedEvent)
    assert found.field == field


def test_every_path_of_an_event_is_cleaned() -> None:
    found = parse(
        named("a notebook is opened", notebook_path="/か\u3099", renamed_from="/き\u3099")
    )
    assert isinstance(found, ParsedEvent)
    event: Any = found.event
    assert (event.notebook_path, event.renamed_from) == ("が", "ぎ")


def test_an_unknown_event_has_a_path_that_is_checked_too() -> None:
    assert isinstance(parse(start(event_type="later", notebook_path="../x")), RejectedEvent)


@settings(deadline=None)
@given(st.text(max_size=30))
def test_a_label_stays_the_same_when_it_is_cleaned_again(path: str) -> None:
    try:
        label = clean_path(path)
    except FieldError:
        return
    assert unicodedata.is_normalized("NFC", label)
    assert ".." not in label.split("/")
    if not label.startswith("/"):
        assert clean_path(label) == label
