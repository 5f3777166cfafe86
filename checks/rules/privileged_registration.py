"""A location is registered with privileged access: who registered it may do everything there, and no grant shows it.

Why: ``WithPrivilegedAccess`` gives the principal that registers the location every operation that Lake Formation
supports on it. It is a grant that is kept in a flag: a listing of permissions does not hold it.

Fix: register the location without ``withPrivilegedAccess``, and grant the principal what it needs.

Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_RegisterResource.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.model import DataLocation, Facts, Lake, LakeId, Location, Severity
from checks.rules import Example, Hit, Rule, Scene, Scope, about
from checks.spelling import words

if TYPE_CHECKING:
    from collections.abc import Iterator


def find(scene: Scene) -> Iterator[Hit]:
    """Yield each location that is registered with privileged access."""
    for location in scene.lake.locations.values():
        if location.privileged:
            at, place = location.evidence, DataLocation(scene.home, location.arn)
            tables, columns, _ = scene.sensitive_below(place)
            below = scene.tables_below(place)
            yield Hit(
                about(scene.lake, "location", None, place, at),
                f"{words(place)} is registered with privileged access: who registered it may do everything on the "
                f"{below:,} table{'' if below == 1 else 's'} below it"
                + (f", {tables:,} of them sensitive" if tables else ""),
                "the location is registered with privileged access",
                (at,) if at else (),
                sensitive=columns,
            )


_LAKE = LakeId("aws", "111122223333", "eu-west-1")


def _lake(arn: str, *, privileged: bool) -> Example:
    location = Location(arn, "arn:aws:iam::111122223333:role/registration", privileged=privileged)
    return Example(Lake(_LAKE, locations={arn: location}))


RULE = Rule(
    id="FL212",
    name="privileged-registration",
    severity=Severity.HIGH,
    doc=__doc__ or "",
    find=find,
    reads=frozenset({Facts.LOCATIONS, Facts.TABLES, Facts.ASSIGNMENTS}),
    scope=Scope.RESOURCE,
    flags=(_lake("arn:aws:s3:::lake", privileged=True), _lake("arn:aws:s3:::lake/hr", privileged=True)),
    passes=(_lake("arn:aws:s3:::lake", privileged=False), _lake("arn:aws:s3:::lake/hr", privileged=False)),
)
