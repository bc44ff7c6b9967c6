"""Tests of what crosses a wire."""
