"""By hand: `python -m lab.up PROJECT STATE --endpoint URL [--stack dev] [--config key=value]...`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import boto3

from lab.up import UpError, up


def main() -> int:
    """Bring a project up at an endpoint and write its state."""
    parser = argparse.ArgumentParser(prog="python -m lab.up", description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("state", type=Path)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--stack", default="dev")
    parser.add_argument("--config", action="append", default=[], metavar="KEY=VALUE")
    asked = parser.parse_args()
    config = dict(pair.partition("=")[::2] for pair in asked.config)
    try:
        deployment = up(
            asked.project,
            endpoint=asked.endpoint,
            session=boto3.Session(),
            region=asked.region,
            stack=asked.stack,
            config=config,
            log=lambda line: print(line, file=sys.stderr),  # noqa: T201  a command's own diagnostics
        )
        deployment.write(asked.state)
    except UpError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
