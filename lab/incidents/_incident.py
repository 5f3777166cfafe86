"""What an incident is, and what it may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

Expectation = Literal["widened", "narrowed", "equal", "latent"]
"""What a check should say afterwards; ``widened`` also stands for unmanaged access that exposes declared data."""


@dataclass(frozen=True, slots=True)
class Clients:
    """The boto3 clients that an incident plays through, and the account they speak for."""

    glue: Any
    lakeformation: Any
    account: str = "111122223333"

    def role(self, name: str) -> str:
        """Spell the ARN of a role of this account."""
        return f"arn:aws:iam::{self.account}:role/{name}"


@dataclass(frozen=True, slots=True)
class Incident:
    """A mishap: something a person does to the live lake, in good faith, past its declaration.

    ``story`` says in two sentences what went wrong; ``exit_code`` is what a check with default thresholds ends with.
    ``play`` needs the tables of the smallest lake only, and may raise what boto3 raises.
    """

    name: str
    title: str
    story: str
    expect: Expectation
    exit_code: int
    play: Callable[[Clients], None]
