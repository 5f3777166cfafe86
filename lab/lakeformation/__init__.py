"""An embedded Lake Formation, and the Data Catalog it stands on."""

from lab.lakeformation.glue import Caller, Glue
from lab.lakeformation.service import LakeFormation
from lab.lakeformation.wire import AwsError, Json, Pages, Raw

__all__ = ["AwsError", "Caller", "Glue", "Json", "LakeFormation", "Pages", "Raw"]
