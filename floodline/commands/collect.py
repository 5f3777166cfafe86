"""``floodline collect``."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import click

import reports
from checks.live import recording
from checks.model import ExitCode
from floodline.errors import CannotStart, Usage
from floodline.inputs import answers
from floodline.progress import reading

# "Not found" is an answer: there is no resource policy, no Identity Center configuration (contract, decision 11).
_ANSWERS = frozenset({"EntityNotFoundException"})


@click.command()
@click.option(
    "-o",
    "--output",
    "output",
    required=True,
    metavar="FILE",
    help="The recording to write: .jsonl, .jsonl.gz or .jsonl.zst.",
)
@click.option("--region", "region", multiple=True, metavar="REGION", help="A region to read; repeat for several.")
@click.option("--profile", metavar="NAME", help="An AWS profile, as for the AWS command line.")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary on stderr.")
def command(output: str, region: tuple[str, ...], profile: str | None, quiet: bool) -> int:
    """Read the live lake into a recording; nothing is compared. Ends with 4 where a call was refused.

    \b
    floodline collect -o lake.jsonl.gz --region us-east-1
    floodline check --state state.json --live lake.jsonl.gz
    """  # noqa: D301
    try:
        reports.writable(output)
    except reports.ReportError as error:
        raise Usage(str(error)) from error
    target = Path(os.path.realpath(output))
    beside = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}.tmp")
    refused: dict[str, str] = {}
    count = 0
    try:
        with reading(quiet=quiet) as progress:
            header, given = answers(region, profile, progress)
            with (
                beside.open("xb") as file,
                recording.Writer(file, header, recording.compression_of(target.name)) as out,
            ):
                for answer in given:
                    out.write(answer)
                    count += 1
                    if answer.error is not None and answer.error.code not in _ANSWERS:
                        refused[f"{answer.service}:{answer.operation}"] = answer.error.code
        beside.replace(target)
    except OSError as error:
        raise CannotStart(f"cannot write `{output}`: {(error.strerror or str(error)).lower()}") from error
    finally:
        beside.unlink(missing_ok=True)
    if not quiet:
        click.echo(f"written: {output} ({count:,} answers)", err=True)
        for call, code in sorted(refused.items()):
            click.echo(f"refused: {call}: {code}", err=True)
    return int(ExitCode.UNDECIDED if refused else ExitCode.CLEAN)
