"""``floodline verify``."""

from __future__ import annotations

import click

from checks.model import ExitCode
from checks.spelling import printable
from floodline.verifying import Checked
from floodline.verifying import verify as look


@click.command()
@click.argument("folder", metavar="DIR")
@click.option("--run", metavar="ID", help="Only this run; without it every one. The chain is always followed.")
def command(folder: str, run: str | None) -> int:
    """Check that evidence is untouched, and that its findings follow from it.

    DIR is what `floodline check -o evidence=DIR` wrote. Every file is held to its hash, every run to the one before it,
    and each run is performed once more from what is kept in it, without AWS: it must say the same, byte for byte.

    Ends with 0 where all of it holds, with 2 where something differs (each line names the file or the finding), with 5
    where there is no evidence to look at.
    """
    chain, runs = look(folder, run)
    for line in chain:
        click.echo(f"DIFFERS  {line}")
    for one in runs:
        _say(one)
    broken = bool(chain) or any(one.faults for one in runs)
    if not broken:
        click.echo(
            "a chain cannot show that its last runs were cut off: compare the last run's hash with one kept elsewhere"
        )
    return int(ExitCode.DRIFT if broken else ExitCode.CLEAN)


def _say(one: Checked) -> None:
    for line in one.faults:
        click.echo(f"DIFFERS  {line}")
    for line in one.notes:
        click.echo(f"note     {one.name}: {printable(line)}")
    if not one.faults:
        found = f"{one.findings:,} finding{'' if one.findings == 1 else 's'}"
        click.echo(f"ok       {one.name}: {one.files} files, and {found} performed again")
