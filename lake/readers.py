"""Several principals that read the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from lake.mistake import Mistake, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lake.access import DatasetAccess
    from lake.dataset import Dataset
    from lake.principal import Principal


class Readers(pulumi.ComponentResource):
    """Gives each of the principals each of the accesses: ``Readers("team", [a, b], [(orders, Select("lines"))])``."""

    def __init__(
        self,
        name: str,
        principals: Sequence[Principal],
        reads: Sequence[tuple[Dataset, DatasetAccess]],
        *,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        if not principals or not reads:
            raise Mistake(f"readers {quoted(name)}: name at least one principal and one access")
        super().__init__("floodline:lake:Readers", name, None, opts)
        self.grants = [
            dataset.grant(
                principal,
                what,
                name=None if isinstance(principal, str) else f"{name}-{number}",
                opts=pulumi.ResourceOptions(parent=self),
            )
            for number, principal in enumerate(principals)
            for dataset, what in reads
        ]
        self.register_outputs({})
