"""Pipelines: what outsiders can start, what jobs do with secrets, and what third-party code can get at there."""
