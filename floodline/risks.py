"""The rules and what counts as sensitive, as the configuration file wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floodline.errors import Usage

if TYPE_CHECKING:
    from checks.evaluate import Threshold
    from checks.posture import Risks
    from floodline.config import Settings


def risks(settings: Settings, threshold: Threshold) -> Risks:
    """Understand ``[rules.NAME]`` and ``[sensitivity]``.

    Raises:
        Usage: a rule, an option or a value that nobody understands.

    """
    from checks import rules, sensitivity  # noqa: PLC0415 - the engine; not every command's
    from checks.posture import Risks  # noqa: PLC0415

    try:
        return Risks(
            rules.settle(settings.rules),
            sensitivity.settled(settings.sensitivity),
            strict="posture" in threshold.fail_on,
        )
    except (rules.OptionError, sensitivity.SensitivityError) as error:
        raise Usage(f"{settings.path}: {error}") from error
