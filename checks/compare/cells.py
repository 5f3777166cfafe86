"""What one principal has on one table beyond what else it has, cell by cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from checks.compare.rows import Excess, beyond
from checks.grants import Atom
from checks.semantics import DESCRIBE, FUTURE, SELECT, holder, visible
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
    """Return the atoms and the cells of *own* that none of *others* has.

    *types* are those of the columns that exist. A column that does not, but that somebody names, is judged by its name
    and told as ``FUTURE``: a list may name it, an exclusion spare it
    (https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_TableWithColumnsResource.html).
    """
    plain = [atom for atom in own.others if atom in wanted and not any(has(other, atom) for other in others)]
    chosen: list[tuple[bool, Excess]] = []
    later = _later((own, *others), types) if own.pieces else frozenset()
    shown = [[_named(piece, later) for piece in other.pieces] for other in others]
    for known in own.pieces:
        piece = _named(known, later)
        named = piece.columns - known.columns
        for flag in (False, True):
            if (SELECT, flag) not in wanted or (flag and not piece.grantable):
                continue
            left = [Excess(piece.columns)]
            for other in shown:
                left = [
                    Excess(more.columns, _example(one, more), more.unknown or one.unknown, more.note or one.note)
                    for one in left
                    for more in beyond(
                        Piece(one.columns, piece.rows, piece.grantable, piece.grant),
                        other,
                        types,
                        grantable=flag,
                    )
                ]
            chosen += [(flag, part) for one in left for part in _to_come(one, named)]
    return plain, chosen


def _example(one: Excess, more: Excess) -> tuple[tuple[str, Any], ...] | None:
    """Choose the row of two excesses in turns; any row will do beside others that show none of the columns."""
    return (one.row or more.row) if more.any_row else (more.row or one.row)


def _later(all_of: Sequence[Access], types: Mapping[str, str]) -> frozenset[str]:
    """Return the columns that do not exist and that some piece names, or a part of them."""
    names = {name for found in all_of for piece in found.pieces for name in piece.spelt.names if name not in types}
    return frozenset({holder(name) or name for name in names} - types.keys()) if names else frozenset()


def _named(piece: Piece, later: frozenset[str]) -> Piece:
    """Let a piece show by name what it shows of columns that do not exist yet."""
    if not later:
        return piece
    return replace(piece, columns=piece.columns | visible(piece.spelt, later, named=False))


def _to_come(one: Excess, named: frozenset[str]) -> list[Excess]:
    """Say ``FUTURE`` of the columns that were named before they exist, apart from those that do."""
    there = one.columns - named
    if there == one.columns or FUTURE in there:
        return [replace(one, columns=there)]
    to_come = replace(one, columns=frozenset({FUTURE}))
    return [replace(one, columns=there), to_come] if there else [to_come]
