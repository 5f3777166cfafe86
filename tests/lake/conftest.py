"""Fixtures of this room."""

from lake_mocks import evaluate, program

__all__ = ["evaluate", "program"]
