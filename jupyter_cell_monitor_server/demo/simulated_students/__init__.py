"""Students that work through the demo course and send what real ones would send."""
