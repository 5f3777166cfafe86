"""``floodline rules``."""

from __future__ import annotations

import json
import textwrap
from dataclasses import asdict
from pathlib import Path

import click

from floodline import rulebook
from floodline.errors import Usage


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--equalities", "alike", is_flag=True, help="List what is taken as equal, and why, instead.")
@click.option("--docs", metavar="DIR", help="Write a page in Markdown for each, and an index, instead.")
def command(as_json: bool, alike: bool, docs: str | None) -> None:
    """List what is looked for: differences (FL1xx), risks even where declared (FL2xx), faults of waivers (FL4xx).

    `floodline explain FL101` says more of one. --equalities lists the spellings that are the same access (N01, N02…);
    `floodline check --explain-equal` says which of them were at work.
    """
    if alike:
        _equalities(as_json=as_json)
        return
    if docs is not None:
        _write(Path(docs))
        return
    listed = rulebook.entries().values()
    if as_json:
        names = ("id", "name", "severity", "family", "what", "fix", "source")
        click.echo(json.dumps([{name: getattr(one, name) for name in names} for one in listed], indent=2))
        return
    for one in listed:
        click.echo(f"{one.id}  {one.severity:<8}  {one.family:<7}  {one.name}")
        click.echo(textwrap.fill(one.what, 80, initial_indent=" " * 26, subsequent_indent=" " * 26))


def _write(folder: Path) -> None:
    """Write the pages, and remove those of ids that are no more."""
    pages = rulebook.pages()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("FL[0-9][0-9][0-9].md"):
            if old.name not in pages:
                old.unlink()
        for name, page in pages.items():
            (folder / name).write_text(page, encoding="utf-8")
    except OSError as error:
        raise Usage(f"--docs: cannot write `{folder}`: {(error.strerror or str(error)).lower()}") from error
    click.echo(f"written: {len(pages)} pages in {folder}", err=True)


def _equalities(*, as_json: bool) -> None:
    from checks.equalities import NORMALISATIONS  # noqa: PLC0415 - the comparison, which the list of rules can do without

    if as_json:
        click.echo(json.dumps([asdict(one) for one in NORMALISATIONS], indent=2))
        return
    for one in NORMALISATIONS:
        click.echo(f"{one.id}  {one.name} ({one.when})")
        click.echo(textwrap.fill(one.reason, 80, initial_indent=" " * 5, subsequent_indent=" " * 5))
        click.echo(f"     {one.certainty}: {one.source}")
