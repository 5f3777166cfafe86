"""A removal that widens: the opt-ins of a hybrid location."""

from lab.incidents._acts import listed
from lab.incidents._incident import Clients, Incident


def play(clients: Clients) -> None:
    """Delete every opt-in of the training role."""
    who = clients.role("ml-engineer")
    opt_ins = listed(clients.lakeformation.list_lake_formation_opt_ins, "LakeFormationOptInsInfoList")
    for opt_in in opt_ins:
        if opt_in["Principal"]["DataLakePrincipalIdentifier"] == who:
            clients.lakeformation.delete_lake_formation_opt_in(
                Principal=opt_in["Principal"], Resource=opt_in["Resource"]
            )


INCIDENT = Incident(
    name="optin-deleted",
    title="the training role's opt-ins are gone",
    story=(
        "Opt-ins of the training role on training_features were deleted as left over. "
        "In a hybrid location they are what holds a role to its grants: without them its own S3 rights decide."
    ),
    expect="widened",
    exit_code=3,
    play=play,
)
