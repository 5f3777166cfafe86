"""Where reports go: ``-o FORMAT=PATH`` or ``-o PATH``; checked before anything is read, written whole or not at all."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import click

import reports
from checks.model import Report
from floodline.errors import Usage
from reports import formats


@dataclass(frozen=True, slots=True)
class Output:
    """One report to write; ``-`` is standard output."""

    form: formats.Format
    path: str


def wanted(given: Sequence[str]) -> list[Output]:
    """Understand the ``-o`` options.

    Raises:
        Usage: an unknown format, one that lacks its library, a path whose suffix names none, or a place that cannot
            be written.

    """
    result = []
    for text in given:
        name, separator, path = text.partition("=")
        if separator and name in formats.names():
            form = formats.load(name)
        elif separator and os.sep not in name and "." not in name:
            raise Usage(f"`-o {text}`: no format `{name}`; there are {', '.join(formats.names())}")
        else:
            path = text
            guessed = formats.of_path(text)
            if guessed is None:
                raise Usage(
                    f"`-o {text}`: the suffix names no format; write FORMAT=PATH ({', '.join(formats.names())})"
                )
            form = guessed
        if not path:
            raise Usage(f"`-o {text}`: no path; write {name}=PATH, or {name}=- for standard output")
        try:
            form.ready()
        except formats.NotReadyError as error:
            raise Usage(f"`-o {text}`: {error}") from error
        if path != "-":
            try:
                reports.writable(path)
            except reports.ReportError as error:
                raise Usage(str(error)) from error
        result.append(Output(form, path))
    if sum(one.path == "-" for one in result) > 1:
        raise Usage("only one report can go to standard output")
    return result


def write(report: Report, outputs: Sequence[Output]) -> list[str]:
    """Write the reports; returns the paths of the files."""
    paths = []
    for one in outputs:
        data = one.form.render(report)
        if one.path == "-":
            raw = data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data
            sys.stdout.buffer.write(raw)
            sys.stdout.buffer.flush()
        else:
            try:
                reports.write(one.path, data)
            except reports.ReportError as error:
                raise Usage(str(error)) from error
            paths.append(one.path)
    return paths


def summary(report: Report) -> None:
    """Show the summary on stderr: data only ever goes to stdout."""
    from reports.formats import text  # noqa: PLC0415 - rich is needed here only

    width = shutil.get_terminal_size((80, 24)).columns if sys.stderr.isatty() else 80
    click.echo(text.summarise(report, width=min(width, 160), color=colors()), err=True, nl=False, color=colors())


def colors() -> bool:
    """Whether stderr wants colours: a terminal that is not dumb, unless NO_COLOR or FORCE_COLOR say otherwise."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
