"""The service's HTTP and WebSocket routes."""
