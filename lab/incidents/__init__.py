"""Scripted mishaps on the live lake, one file each; every module here that is not private is an incident."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from lab.incidents._incident import Clients, Expectation, Incident

__all__ = ["Clients", "Expectation", "Incident", "all", "get"]


@cache
def all() -> tuple[Incident, ...]:  # noqa: A001  `incidents.all()` reads as it should
    """Give every incident, sorted by name."""
    names = sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_"))
    return tuple(import_module(f"{__name__}.{name}").INCIDENT for name in names)


def get(name: str) -> Incident:
    """Find the incident of that name; raise LookupError with one line that names the close ones, or all."""
    incidents = {incident.name: incident for incident in all()}
    if name in incidents:
        return incidents[name]
    close = [one for one in incidents if name and name in one] or get_close_matches(name, incidents) or list(incidents)
    raise LookupError(f"no incident is called {name!a}; there is {', '.join(f'`{one}`' for one in close)}")
