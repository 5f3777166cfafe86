"""Bring a Pulumi program up in the lab, without the Pulumi command line.

`evaluate` runs the unmodified program over Pulumi's real gRPC protocol; `up` also creates what it declares, through
boto3; a `Deployment` is the result and writes state as Pulumi does.
"""

from __future__ import annotations

from lab.up.aws import AwsProvider, OfflineProvider
from lab.up.deployment import Deployment
from lab.up.errors import CreateError, ProgramError, ProjectError, UnsupportedError, UpError
from lab.up.evaluation import evaluate, preview, up
from lab.up.provider import Created, Goal, Provider

__all__ = [
    "AwsProvider",
    "CreateError",
    "Created",
    "Deployment",
    "Goal",
    "OfflineProvider",
    "ProgramError",
    "ProjectError",
    "Provider",
    "UnsupportedError",
    "UpError",
    "evaluate",
    "preview",
    "up",
]
