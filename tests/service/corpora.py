"""JSON and texts that others have collected to find what a parser or a database gets wrong."""

import json
import zipfile
from pathlib import Path

DATA = Path(__file__).parent.parent / "data"


def json_test_suite() -> dict[str, bytes]:
    """The 318 files of JSONTestSuite; `y_` is to be accepted, `n_` refused, `i_` may be either."""
    with zipfile.ZipFile(DATA / "json_test_suite.zip") as archive:
        return {name.removesuffix(".json"): archive.read(name) for name in archive.namelist()}


def naughty_strings() -> list[str]:
    """The 517 strings."""
    found: list[str] = json.loads((DATA / "naughty_strings.json").read_text("ascii"))
    return found
