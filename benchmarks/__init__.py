"""What is promised of speed, each measured beside a limit of the same run."""

import sys
from pathlib import Path

# A real hub and lab are started as the tests start them.
sys.path.append(str(Path(__file__).parent.parent / "tests"))
