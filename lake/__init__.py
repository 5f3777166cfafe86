"""Small Pulumi components for a data lake: a dataset and its readers in five lines.

    lake = Governance("lake", account_id="111122223333", admins=[ADMIN], tags={"sensitivity": ["public", "internal"]})
    trips = Dataset("trips", location="s3://example-trips/", governance=lake, tags={"sensitivity": "internal"}, tables=[
        Table("rides", columns=[Column("ride_id", "bigint"), Column("rider", "string")])])
    trips.grant(ANALYST, Select("rides", except_=["rider"]))

Arguments are checked when the program is evaluated, before anything is registered: a ``Mistake`` ends
``pulumi preview`` with one sentence.
"""

from lake.access import OnAllTables, OnCatalog, OnDatabase, OnTable, OnTag, Select
from lake.dataset import Dataset
from lake.governance import Governance
from lake.location import Location
from lake.mistake import Mistake
from lake.optin import OptIn
from lake.principal import Principal
from lake.readers import Readers
from lake.rowfilter import RowFilter
from lake.table import Column, Table, sampled, spread
from lake.tagpolicy import TagPolicyGrant

__all__ = [
    "Column",
    "Dataset",
    "Governance",
    "Location",
    "Mistake",
    "OnAllTables",
    "OnCatalog",
    "OnDatabase",
    "OnTable",
    "OnTag",
    "OptIn",
    "Principal",
    "Readers",
    "RowFilter",
    "Select",
    "Table",
    "TagPolicyGrant",
    "sampled",
    "spread",
]
