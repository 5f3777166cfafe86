"""A list of excluded columns gets shorter."""

from lab.incidents._acts import all_except, grant, revoke
from lab.incidents._incident import Clients, Incident


def play(clients: Clients) -> None:
    """Grant again, with one excluded column less."""
    who = clients.role("ml-engineer")
    place = ("telemetry_curated", "keystroke_sessions")
    revoke(clients, who, all_except(*place, ["employee_id", "typed_text"]), ["SELECT"])
    grant(clients, who, all_except(*place, ["employee_id"]), ["SELECT"])


INCIDENT = Incident(
    name="dropped-excluded-column",
    title="an exclusion forgets the typed text",
    story=(
        "The grant on keystroke_sessions was made anew by hand, and one of its two excluded columns was forgotten. "
        "A shorter list looks like less, but the training role now reads what people typed."
    ),
    expect="widened",
    exit_code=3,
    play=play,
)
