"""The texts that batches were sent with, for the next ones to refer to."""

import hashlib
from typing import NamedTuple

from ..contract.dictionaries import TAG_BYTES, dictionary_after, tag_of
from .contents import Contents
from .inflating import inflate

# Of a student. A page takes two: an answer that is lost leaves its browser one batch behind.
KEPT = 4


class DictionaryNeeded(Exception):
    """A body refers to what is not known here: its sender has to send it by itself.

    `inflated_bytes` is what was inflated before that came out.
    """

    def __init__(self, inflated_bytes: int = 0) -> None:
        super().__init__("The batch refers to batches that are not known here. Send it by itself.")
        self.inflated_bytes = inflated_bytes


class Dictionary(NamedTuple):
    """A dictionary and its tag."""

    tag: bytes
    text: bytes


class Opened(NamedTuple):
    """The text of a body, and the dictionary that it was compressed with."""

    text: bytes
    dictionary: Dictionary | None = None


class Dictionaries:
    """The last few of each student, among the contents: one bound holds for both.

    A key holds the student: nobody's text is ever compressed with another one's.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents

    def open(self, student: str, body: bytes, max_bytes: int) -> Opened:
        """The text of a `dictionary-deflate` body.

        Raises `DictionaryNeeded`, `BodyTooLarge`, or `ValueError` where it is no whole stream.
        """
        tag, check = body[:TAG_BYTES], body[TAG_BYTES : 2 * TAG_BYTES]
        if len(check) < TAG_BYTES:
            raise ValueError("The body is cut off.")
        dictionary = self._contents.get(_scope(student) + tag)
        if dictionary is None:
            raise DictionaryNeeded
        text = inflate(body[2 * TAG_BYTES :], dictionary, max_bytes)
        if tag_of(text) != check:
            raise DictionaryNeeded(len(text))
        return Opened(text, Dictionary(tag, dictionary))

    def remember(self, student: str, text: bytes, used: Dictionary | None) -> None:
        """Know what a text was sent with, and what the next one may be sent with."""
        scope = _scope(student)
        after = dictionary_after(used.text if used else b"", text)
        tags = _split(self._contents.get(scope) or b"")
        for dictionary in filter(None, (used, Dictionary(tag_of(after), after))):
            tags = [tag for tag in tags if tag != dictionary.tag] + [dictionary.tag]
            self._contents.put(scope + dictionary.tag, dictionary.text)
        for tag in tags[:-KEPT]:
            self._contents.drop(scope + tag)
        self._contents.put(scope, b"".join(tags[-KEPT:]))


def _scope(student: str) -> bytes:
    """Shorter than the keys of contents, so that none is ever taken for the other."""
    return hashlib.sha256(student.encode("utf-8", "surrogatepass")).digest()


def _split(tags: bytes) -> list[bytes]:
    return [tags[at : at + TAG_BYTES] for at in range(0, len(tags), TAG_BYTES)]
