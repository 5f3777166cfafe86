"""One document: told what it is, unpacked, read, hashed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from checks.declared.document import Source, StateError, state, text
from checks.declared.foreseen import preview

if TYPE_CHECKING:
    from checks.declared.document import Document

_READERS: Final = {"preview": preview, "state": state}


def parse(source: Source, *, hashed: bool = True) -> Document:
    """Read one document; without ``hashed`` its ``info`` has no digest, which takes as long as reading.

    Raises:
        StateError: the bytes are no document of the kind asked for, or of a version nobody knows.

    """
    reader = _READERS.get(source.kind)
    if reader is None:
        raise StateError(f"`{source.name}` is given as `{source.kind}`: only `state` and `preview` are known")
    document = reader(source, text(source))
    if not hashed:
        return document
    return replace(document, info=replace(document.info, sha256=hashlib.sha256(source.data).hexdigest()))
