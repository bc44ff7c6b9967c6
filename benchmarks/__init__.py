"""Measurements through real processes: `python -m benchmarks.ingest` and its neighbours."""

import sys
from pathlib import Path

# A real hub and lab are started as the tests start them.
sys.path.append(str(Path(__file__).parent.parent / "tests"))
