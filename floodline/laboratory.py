"""Bring the declared program up in the lab; what ``demo`` and ``lab`` have in common. The only room that knows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from floodline.errors import CannotStart
from floodline.progress import steps

if TYPE_CHECKING:
    from lab.server import Lab
    from lab.up import Deployment

AUDITOR = "arn:aws:iam::111122223333:role/lake-auditor"
OPERATOR = "arn:aws:iam::111122223333:role/lake-admin"


@dataclass(frozen=True, slots=True)
class Running:
    """A lab with the program's lake in it."""

    lab: Lab
    resources: int
    deployment: Deployment | None = None
    """What the program declared; None where another process brought it up."""

    def clients(self) -> Any:
        """Return what an incident plays through: boto3 clients of a person with too many rights."""
        from lab.incidents import Clients  # noqa: PLC0415 - moto takes seconds to import

        session = self.lab.session(OPERATOR)
        return Clients(session.client("glue"), session.client("lakeformation"), self.lab.account)


def project() -> Path:
    """Return the folder of the program: where Pulumi.yaml is, from here upwards, else beside this package."""
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).resolve().parent.parent):
        if (folder / "Pulumi.yaml").is_file() and (folder / "__main__.py").is_file():
            return folder
    raise CannotStart("no Pulumi.yaml with a __main__.py beside it: run this inside the project's folder")


@contextmanager
def lake(tables: int, state: Path | None, *, port: int = 0, quiet: bool = False) -> Iterator[Running]:
    """Start a lab, bring the program up in it, and write its state.

    Raises:
        CannotStart: the extra ``lab`` is not installed, or the program fails.

    """
    try:
        from lab.server import Lab  # noqa: PLC0415
        from lab.up import UpError, up  # noqa: PLC0415
    except ImportError as error:
        raise CannotStart(f"the lab needs `pip install floodline[lab]`: {error}") from error
    with Lab.start(port=port) as lab:
        try:
            with steps("declaring", quiet=quiet) as progress:
                deployment = up(
                    project(),
                    endpoint=lab.endpoint,
                    session=lab.session(),
                    region=lab.region,
                    config={"floodline:tables": str(tables)},
                    progress=progress,
                )
            if state is not None:
                deployment.write(state)
        except UpError as error:
            raise CannotStart(str(error)) from error
        yield Running(lab, len(deployment.entries), deployment)
