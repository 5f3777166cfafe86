"""The declared side: Pulumi documents in, lakes out.

``read`` parses documents (pure: opening files is the shell's); ``Declaration.place`` puts each declared fact into the
lake it belongs to. What is declared is what the program asked for (``inputs``), not what a provider or a refresh
answered (``outputs``): a refresh writes live drift into outputs.

``redact`` takes the secrets out of a document that is to be kept.

Rooms: ``document`` and ``foreseen`` (formats) → ``parsing`` → ``shape`` (members, secrets, unknowns) → ``where``
(account, region) → ``classic`` and ``native`` (one function for each resource type) → ``build`` (one lake) →
``declaration`` → ``deployment`` (before and after).
"""

from checks.declared.declaration import Declaration, PlacementError, read
from checks.declared.deployment import Deployment, foresee
from checks.declared.document import Source, StateError
from checks.declared.redact import Redacted, redact

__all__ = [
    "Declaration", "Deployment", "PlacementError", "Redacted", "Source", "StateError", "foresee", "read", "redact",
]  # fmt: skip
