"""What a batch may refer to, and what becomes of it after the next one."""

import base64
import time
import zlib

import pytest

from jupyter_cell_monitor_server.contract.dictionaries import (
    DICTIONARY_BYTES,
    TAG_BYTES,
    dictionary_after,
    tag_of,
    without_media,
)

from .test_contract import Json, by_name, examples

EXAMPLES = examples("dictionaries")


def decoded(example: Json, name: str) -> bytes:
    return base64.b64decode(example[f"{name}_base64"])


@pytest.mark.parametrize("example", EXAMPLES, ids=by_name)
def test_a_body_of_the_browser_is_its_text_again(example: Json) -> None:
    body, dictionary = decoded(example, "body"), decoded(example, "dictionary")
    text = example["text"].encode()
    assert body[: 2 * TAG_BYTES] == tag_of(dictionary) + tag_of(text)
    inflater = zlib.decompressobj(-15, zdict=dictionary)
    assert inflater.decompress(body[2 * TAG_BYTES :]) == text
    assert inflater.eof


@pytest.mark.parametrize("example", EXAMPLES, ids=by_name)
def test_the_next_dictionary_is_the_browsers(example: Json) -> None:
    after = dictionary_after(decoded(example, "dictionary"), example["text"].encode())
    assert after == decoded(example, "after")
    assert tag_of(after).hex() == example["after_tag"]


@pytest.mark.parametrize("size", [DICTIONARY_BYTES - 1, DICTIONARY_BYTES, DICTIONARY_BYTES + 1])
def test_a_dictionary_is_the_end_of_all_texts(size: int) -> None:
    text = b"- " * size
    assert dictionary_after(b"before", text[:size]) == (b"before" + text[:size])[-32_768:]


LONG = 8_000_000


@pytest.mark.parametrize(
    ("part", "left"), [(b"A", b""), (b"A" * 255 + b" ", None), (b"=" * 256 + b" ", b" ")]
)
def test_a_long_text_holds_the_service_but_shortly(part: bytes, left: bytes | None) -> None:
    """8 MB take some 30 ms; the computer may be ten times as slow."""
    count = LONG // len(part)
    start_s = time.process_time()
    assert without_media(part * count) == (part if left is None else left) * count
    assert time.process_time() - start_s < 0.3
