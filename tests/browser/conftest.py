"""One real JupyterHub for all of these tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .hub import Hub, start_hub


@pytest.fixture(scope="package")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = Path(tmp_path_factory.mktemp("hub")).resolve()
    hub = start_hub(folder)
    yield hub
    hub.stop()
