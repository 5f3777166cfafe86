"""What the words of a report mean, in the report itself. Pure: texts only."""

from __future__ import annotations

from checks.model import Confidence, ExitCode, Severity, Verdict

VERDICTS: dict[Verdict, str] = {
    Verdict.WIDENED: "Live allows something beyond what is declared, for a subject the declaration speaks about.",
    Verdict.UNMANAGED: "Live has a subject that no given stack declares. It is an exposure when it opens something "
    "that a stack declares, or when it reaches everything.",
    Verdict.NARROWED: "The declaration allows something that live does not.",
    Verdict.CHANGED: "A declared fact that is not access differs: a format, a description, a parameter.",
    Verdict.UNKNOWN: "Could not be observed, or could not be decided. Never the same as equal.",
    Verdict.LATENT: "Equal today, wider tomorrow: a column, table or tag value that does not exist yet would be open.",
    Verdict.POSTURE: "Risky although declared: a rule's finding, not a difference.",
}

EQUAL = "The same access, however it is spelt. Equal subjects are counted, not listed."
WAIVED = "A finding that its owner accepted, with a reason and a last day. It stays in the report."

SEVERITIES: dict[Severity, str] = {
    Severity.CRITICAL: "Access is open to many, to strangers or to everything, or sensitive columns are. Act now.",
    Severity.HIGH: "Somebody can do or read what was never declared. Act today.",
    Severity.MEDIUM: "A difference that may matter, or declared access that is lost. Plan the repair.",
    Severity.LOW: "A difference of little effect on access. Repair it when passing.",
    Severity.INFO: "Worth knowing. Never decides the exit code.",
}

CONFIDENCES: dict[Confidence, str] = {
    Confidence.PROVED: "Rests on documented behaviour and on facts that were read.",
    Confidence.ASSUMED: "Rests on an assumption that the finding's message names.",
}

EXIT_CODES: dict[ExitCode, str] = {
    ExitCode.CLEAN: "The view is complete and nothing is at or above the threshold.",
    ExitCode.CRASH: "Internal error.",
    ExitCode.DRIFT: "Drift at or above the threshold: narrowed, changed, or unmanaged without exposure.",
    ExitCode.WIDENING: "Widening at or above the threshold: widened, or unmanaged with exposure.",
    ExitCode.UNDECIDED: "Could not be decided: an incomplete view or an unknown verdict, and nothing worse found.",
    ExitCode.CANNOT_START: "Could not start: credentials, authorisation, or a source that was not found.",
    ExitCode.USAGE: "Usage or configuration error.",
}

OUT_OF_SCOPE = (
    ("Accounts and regions that are not listed here", "They were not read: nothing is said of them."),
    (
        "Ways to the data around the catalog",
        "IAM and S3 policies, KMS keys and role trust are not evaluated: who may become a role is not told here.",
    ),
    ("Who is in a group, an account or an organization", "Its members are not counted: reach says many."),
    ("What was done with access", "The report says what is allowed, not what was read: CloudTrail tells that."),
)
"""What the report does not speak of, and why: on every page, for whoever relies on it."""
