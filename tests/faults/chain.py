"""A simulated browser's compression: each batch refers to the ones that were answered before."""

import gzip
import zlib

from jupyter_cell_monitor_server.contract.dictionaries import ENCODING, dictionary_after, tag_of


def primed(text: bytes, dictionary: bytes) -> bytes:
    """A `dictionary-deflate` body."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=dictionary)
    return tag_of(dictionary) + tag_of(text) + deflater.compress(text) + deflater.flush()


class Chain:
    """One page's dictionary; empty before the first batch and after a refusal."""

    def __init__(self) -> None:
        self.dictionary = b""

    def packed(self, text: bytes) -> tuple[bytes, str]:
        """A body and its `Content-Encoding`."""
        if not self.dictionary:
            return gzip.compress(text, 1), "gzip"
        return primed(text, self.dictionary), ENCODING

    def answered(self, text: bytes) -> None:
        """The service has answered with 200, and knows what was sent."""
        self.dictionary = dictionary_after(self.dictionary, text)

    def refused(self) -> None:
        """The service does not know the dictionary."""
        self.dictionary = b""
