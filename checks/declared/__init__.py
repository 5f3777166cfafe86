"""The declared side: Pulumi documents in, lakes out.

``read`` parses documents (pure: opening files is the shell's); ``Declaration.place`` puts each declared fact into the
lake it belongs to. What is declared is what the program asked for (``inputs``), not what a provider or a refresh
answered (``outputs``): a refresh writes live drift into outputs.

``redact`` takes the secrets out of a document that is to be kept.

Rooms: ``document`` (formats) → ``shape`` (members, secrets, unknowns) → ``where`` (account, region) →
``classic`` and ``native`` (one function for each resource type) → ``build`` (one lake) → ``declaration``.
"""

from checks.declared.declaration import Declaration, PlacementError, read
from checks.declared.document import Source, StateError
from checks.declared.redact import Redacted, redact

__all__ = ["Declaration", "PlacementError", "Redacted", "Source", "StateError", "read", "redact"]
