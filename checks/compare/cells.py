"""What one principal has on one table beyond what else it has, cell by cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from checks.compare.rows import Excess, beyond
from checks.grants import Atom
from checks.semantics import DESCRIBE, SELECT
from checks.view import Access, Piece


def has(found: Access, atom: Atom) -> bool:
    """Whether access includes an atom other than SELECT, DESCRIBE by implication too."""
    permission, lendable = atom
    if atom in found.others:
        return True
    if permission != DESCRIBE:
        return False
    # Any permission implies DESCRIBE, with the grant option where that may be passed on (contract, decision 9).
    return any(flag or not lendable for _, flag in found.others) or any(
        piece.grantable or not lendable for piece in found.pieces
    )


def beyond_others(
    own: Access, wanted: frozenset[Atom], others: Sequence[Access], types: Mapping[str, str]
) -> tuple[list[Atom], list[tuple[bool, Excess]]]:
    """Return the atoms and the cells of *own* that none of *others* has."""
    plain = [atom for atom in own.others if atom in wanted and not any(has(other, atom) for other in others)]
    chosen: list[tuple[bool, Excess]] = []
    for piece in own.pieces:
        for flag in (False, True):
            if (SELECT, flag) not in wanted or (flag and not piece.grantable):
                continue
            left = [Excess(piece.columns)]
            for other in others:
                left = [
                    Excess(more.columns, more.row or one.row, more.unknown or one.unknown, more.note or one.note)
                    for one in left
                    for more in beyond(
                        Piece(one.columns, piece.rows, piece.grantable, piece.grant),
                        other.pieces,
                        types,
                        grantable=flag,
                    )
                ]
            chosen += [(flag, one) for one in left]
    return plain, chosen
