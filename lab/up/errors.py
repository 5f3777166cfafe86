"""What can go wrong between a program and a written state. Each error is one line that says what, where, what to do."""

from __future__ import annotations


class UpError(Exception):
    """The program was not brought up; nothing was written."""


class ProjectError(UpError):
    """The project's own files (Pulumi.yaml, Pulumi.<stack>.yaml) are missing or cannot be read."""


class ProgramError(UpError):
    """The program ended with an error of its own; the message is the program's."""


class UnsupportedError(UpError):
    """The program asks for a resource type, function or feature that the lab does not know."""


class CreateError(UpError):
    """The endpoint refused to create, read or adopt a resource."""
