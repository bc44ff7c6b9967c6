"""What crosses a wire: the one place that names a field."""
