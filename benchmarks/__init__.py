"""Measurements through real processes: `python -m benchmarks.ingest` and its neighbours."""
