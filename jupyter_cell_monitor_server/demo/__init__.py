"""A whole JupyterHub on loopback: the hub, a course and simulated students."""
