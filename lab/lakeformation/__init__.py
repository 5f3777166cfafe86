"""An embedded Lake Formation, and the Data Catalog it stands on.

It follows AWS's documentation, its service model and its command line's published answers. Where those are silent it
picks one behaviour, and of two the one that is harder on a reader. These choices rest on nothing firmer:

- An unfiltered ListPermissions leaves grants on data cells filters out; they show with IncludeRelated, or when asked
  for by name (``Lab(filters_in_sweep=True)`` lists them).
- ALL is listed with its members and a SELECT row (``expand_all=False``: ALL alone); for IAM_ALLOWED_PRINCIPALS it
  always stands alone. Taking a member away from a holder of ALL leaves the other members.
- Include lists of columns add up per principal and table; exclude lists do not. Each LF-tag permission has its row.
- A grant option alone is revoked by naming it in PermissionsWithGrantOption with empty Permissions.
- ListPermissions without a CatalogId answers for the account's own catalog, and for Catalog rows of nested ones.
- SearchTablesByLFTags shows the searched keys only, finds tables by a single column, and takes no ``*``.
- GetResourceLFTags answers effective tags unless ShowAssignedLFTags is true; a catalog's tags flow down.
- Empty pages stand at the start of every search, and in second place (and after every tenth) of longer listings.
- Creators get no rows (``creator_grants=True`` gives them), and the operator sees everything without being an admin.
- CreateDatabase without CreateTableDefaultPermissions stores the account's; UpdateDatabase without them keeps them.
- Grants on an object go when it is deleted. Creating an opt-in, tag or expression twice is InvalidInputException.
- What other accounts were granted carries a RAM share, and ends the recipient's own listing; invitations are accepted.
- What lies in a federated catalog is made with a path as its name. docs/lab.md lists the rest.
- Others than admins see of a grant what they hold on the same resource themselves; Glue shows them what they hold
  anything on.
"""

from lab.lakeformation.glue import Caller, Glue
from lab.lakeformation.service import LakeFormation
from lab.lakeformation.wire import AwsError, Json, Pages, Raw

__all__ = ["AwsError", "Caller", "Glue", "Json", "LakeFormation", "Pages", "Raw"]
