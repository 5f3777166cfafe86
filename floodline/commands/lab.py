"""``floodline lab``."""

from __future__ import annotations

import json
import shlex
import signal
import textwrap
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from checks.spelling import printable
from floodline.errors import CannotStart, Usage

if TYPE_CHECKING:
    from lab.faults import Plan

_PLACE = Path(".lab")


@click.group(name="lab")
def command() -> None:
    """Run the embedded AWS: a lake to try things on."""


@command.command()
@click.option("--tables", type=click.IntRange(12, 45_000), default=12, show_default=True, help="Size of the lake.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="A port to listen on; 0 takes a free one.")
@click.option(
    "--state",
    "state",
    default=str(_PLACE / "state.json"),
    show_default=True,
    metavar="FILE",
    help="Where to write the declared state (.json, .json.gz, .json.zst).",
)
@click.option("--faults", metavar="FILE", help="A fault plan (TOML, JSON): what goes wrong once the lake is there.")
def up(tables: int, port: int, state: str, faults: str | None) -> None:
    """Declare the program's lake in an AWS of its own on this machine, and keep it running until Ctrl-C.

    The state goes to FILE, the endpoint to .lab/lab.json, where `floodline lab incident` finds it.
    """
    plan = _plan(faults)
    from floodline.laboratory import AUDITOR, lake  # noqa: PLC0415 - moto takes seconds to import

    target = Path(state)
    _PLACE.mkdir(exist_ok=True)
    if not target.parent.is_dir():
        raise Usage(f"folder `{target.parent}` does not exist; create it first")
    with lake(tables, target, port=port) as running:
        if plan is not None:
            running.lab.plan(plan)
        told = {"endpoint": running.lab.endpoint, "region": running.lab.region, "account": running.lab.account}
        note = _PLACE / "lab.json"
        note.write_text(json.dumps(told), encoding="utf-8")
        click.echo(f"{running.resources:,} resources declared; state: {target}", err=True)
        click.echo("in another shell:", err=True)
        environment = running.lab.credentials(AUDITOR) | {
            "AWS_ENDPOINT_URL": running.lab.endpoint,
            "AWS_REGION": running.lab.region,
        }
        for name, value in sorted(environment.items()):
            click.echo(f"export {name}={shlex.quote(value)}")
        click.echo(f"floodline check --state {shlex.quote(state)}\nfloodline lab incident retag-database", err=True)
        try:
            _wait()
        finally:
            note.unlink(missing_ok=True)


@command.command()
@click.argument("recording", metavar="RECORDING")
@click.option("--latency", type=click.FloatRange(0, 60_000), default=0, help="Milliseconds that every answer waits.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="A port to listen on; 0 takes a free one.")
@click.option("--faults", metavar="FILE", help="A fault plan (TOML, JSON): what goes wrong.")
def replay(recording: str, latency: float, port: int, faults: str | None) -> None:
    """Answer AWS calls from RECORDING, as `floodline collect` wrote it, until Ctrl-C. Other calls are refused."""
    from checks.live.recording import RecordingError  # noqa: PLC0415
    from lab.replay import Replay  # noqa: PLC0415

    plan = _plan(faults)
    try:
        aws = Replay.of(Path(recording), latency=latency / 1000, port=port, faults=plan)
    except RecordingError as error:
        raise CannotStart(printable(str(error))) from error
    except OSError as error:
        raise CannotStart(f"cannot serve `{printable(recording)}`: {error.strerror or error}") from error
    with aws:
        if aws.cut:
            click.echo(f"`{printable(recording)}` is not whole: {aws.cut}", err=True)
        for name, value in sorted(aws.credentials().items()):
            click.echo(f"export {name}={shlex.quote(value)}")
        click.echo("in another shell, with these exports: floodline collect -o again.jsonl.gz", err=True)
        _wait()


def _plan(file: str | None) -> Plan | None:
    from lab.faults import Plan, PlanError  # noqa: PLC0415

    if file is None:
        return None
    try:
        return Plan.read(Path(file).read_text(encoding="utf-8"), printable(file))
    except OSError as error:
        raise Usage(f"cannot read the fault plan `{printable(file)}`: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise Usage(f"`{printable(file)}` is no fault plan: it is not UTF-8 text") from error
    except PlanError as error:
        raise Usage(str(error)) from error


def _wait() -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        while True:
            signal.pause()
    except KeyboardInterrupt:
        click.echo("lab stopped", err=True)


@command.command()
@click.argument("name")
@click.option("--endpoint", metavar="URL", help="The lab's endpoint; default: the one in .lab/lab.json.")
def incident(name: str, endpoint: str | None) -> None:
    """Play the mishap NAME on a running lab, through boto3 only. `floodline lab incidents` lists them."""
    import boto3  # noqa: PLC0415

    from lab import incidents  # noqa: PLC0415

    try:
        chosen = incidents.get(name)
    except LookupError as error:
        raise Usage(str(error)) from error
    url, region, account = endpoint, "us-east-1", "111122223333"
    if url is None:
        try:
            told = json.loads((_PLACE / "lab.json").read_text(encoding="utf-8"))
            url, region, account = told["endpoint"], told["region"], told["account"]
        except (OSError, ValueError, KeyError) as error:
            raise CannotStart("no lab runs here: start one with `floodline lab up`, or give `--endpoint`") from error
    # The lab knows no secret: whoever can reach it on this machine may act as anybody.
    session = boto3.Session(aws_access_key_id="lab", aws_secret_access_key="lab", region_name=region)  # noqa: S106
    clients = incidents.Clients(
        session.client("glue", endpoint_url=url), session.client("lakeformation", endpoint_url=url), account
    )
    chosen.play(clients)
    click.echo(textwrap.fill(chosen.story, 80), err=True)
    click.echo(f"a check should now end with {chosen.exit_code} ({chosen.expect})", err=True)


@command.command(name="incidents")
def listing() -> None:
    """List the mishaps that `floodline lab incident NAME` plays."""
    from lab import incidents  # noqa: PLC0415

    for one in incidents.all():
        click.echo(f"{one.name:<24} {one.exit_code}  {printable(one.title)}")
