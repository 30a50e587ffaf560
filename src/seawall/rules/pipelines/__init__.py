"""Pipelines: what outsiders can start, what jobs do with secrets, and what strangers' code can get at."""
