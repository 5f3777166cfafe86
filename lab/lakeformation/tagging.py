"""LF-tags, searches by them, and saved LF-tag expressions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from lab.lakeformation.glue import Caller
from lab.lakeformation.grants import Key
from lab.lakeformation.resources import (
    Expression,
    Target,
    expression_of,
    expression_rows,
    parse,
)
from lab.lakeformation.state import State, listing
from lab.lakeformation.tags import Tags, matches, pairs
from lab.lakeformation.wire import (
    Answer,
    Json,
    by_key,
    denied,
    dumps,
    in_order,
    invalid,
    not_found,
)


class Tagging(State):
    """The operations on LF-tags and saved expressions."""

    # --------------------------------------------------------------------------------------------------------- tags

    def create_lf_tag(self, request: Json, caller: Caller) -> Answer:
        """Keys and values are kept in lower case."""
        self.changes(caller)
        key, values = request["TagKey"].lower(), _lower(request["TagValues"])
        if key in self.tags.keys:
            raise invalid(f"Tag key {key} already exists.")
        if not values:
            raise invalid("TagValues must not be empty.")
        if len(values) > 50:
            raise invalid("A call takes at most 50 tag values.")
        self.tags.keys[key] = values
        return {}

    def _values(self, request: Json) -> tuple[str, list[str]]:
        key = request["TagKey"].lower()
        if key not in self.tags.keys:
            raise not_found(f"Tag key {key} does not exist.")
        return key, self.tags.keys[key]

    def update_lf_tag(self, request: Json, caller: Caller) -> Answer:
        """A value that something still carries cannot be deleted."""
        self.changes(caller)
        key, values = self._values(request)
        gone, new = _lower(request.get("TagValuesToDelete") or []), _lower(request.get("TagValuesToAdd") or [])
        if not gone and not new:
            raise invalid("Nothing to add or delete.")
        for value in gone:
            if value not in values:
                raise invalid(f"Tag value {value} does not exist for tag key {key}.")
            if self.tags.in_use(key, value):
                raise invalid(f"Tag value {value} of tag key {key} is still assigned to a resource.")
        left = [value for value in values if value not in gone]
        self.tags.keys[key] = left + [value for value in new if value not in left]
        return {}

    def delete_lf_tag(self, request: Json, caller: Caller) -> Answer:
        """Every resource loses the tag; policies that name it match nothing any more."""
        self.changes(caller)
        key, _ = self._values(request)
        self.tags.forget_key(key)
        return {}

    def _sees_tag(self, caller: Caller, key: str) -> bool:
        if self.sees_everything(caller):
            return True
        return any(
            held.key.target.kind == "tag" and held.key.target.parts[0] == key
            for held in self.grants.of_principal(caller.arn)
        )

    def get_lf_tag(self, request: Json, caller: Caller) -> Answer:
        """One key with its values."""
        key, values = self._values(request)
        if not self._sees_tag(caller, key):
            raise denied("Insufficient Lake Formation permission(s): Required DESCRIBE on tag.")
        return {"CatalogId": self.account, "TagKey": key, "TagValues": values}

    def list_lf_tags(self, request: Json, caller: Caller) -> Answer:
        """The keys that the caller may see."""
        self.catalog(request)
        kind = request.get("ResourceShareType")
        found: dict[tuple[str, str], Json] = {}
        if kind != "FOREIGN":
            for key, values in self.tags.keys.items():
                if self._sees_tag(caller, key):
                    found[self.account, key] = {"CatalogId": self.account, "TagKey": key, "TagValues": values}
        if kind in {"FOREIGN", "ALL"} and self.sees_everything(caller):
            for peer, held in self.received():
                if held.key.target.kind == "tag":
                    key, values = held.key.target.parts
                    known = peer.tags.keys.get(key, [])
                    shown = known if "*" in values else [value for value in known if value in values]
                    found[peer.account, key] = {"CatalogId": peer.account, "TagKey": key, "TagValues": shown}
        return self.page_of("ListLFTags", "LFTags", request, by_key(found), 1000)

    def _tagged(self, request: Json) -> tuple[tuple[str, ...], list[str | None]]:
        """The object that a request tags, and its columns ([None] for the object itself)."""
        resource: Json = request["Resource"]
        target, columns = parse(resource, self.account)
        self.exists(target, columns)
        match target.kind:
            case "catalog":
                return (target.catalog,), [None]
            case "database":
                return (target.catalog, target.parts[0]), [None]
            case "table" if "TableWithColumns" in resource and target.parts[1] is not None:
                table = self.glue.table(target.catalog, *target.parts)
                return (target.catalog, *target.parts), [column.lower() for column in table.columns]
            case "table" if target.parts[1] is not None:
                return (target.catalog, *target.parts), [None]
            case "columns":
                holder = target.catalog, target.parts[0], target.parts[1]
                table = self.glue.table(*holder)
                rest = [column.lower() for column in table.columns if column.lower() not in target.parts[3]]
                return holder, list(columns) if target.parts[2] == "only" else list(rest)
            case _:
                raise invalid("LF-tags go on catalogs, databases, tables and columns.")

    def add_lf_tags_to_resource(self, request: Json, caller: Caller) -> Answer:
        """Sets one value per key; a key that is there already is replaced, the others stay."""
        self.changes(caller)
        holder, columns = self._tagged(request)
        failures = []
        for pair in request["LFTags"]:
            key, values = pair["TagKey"].lower(), _lower(pair["TagValues"])
            if len(values) != 1:
                raise invalid("A resource takes exactly one value per tag key.")
            if values[0] not in self.tags.keys.get(key, ()):
                failures.append(_failed(pair, "EntityNotFoundException", "Tag key or value does not exist."))
                continue
            for column in columns:
                self.tags.assign(holder, column, key, values[0])
        return {"Failures": failures}

    def remove_lf_tags_from_resource(self, request: Json, caller: Caller) -> Answer:
        """Takes direct assignments away; an inherited value comes back by itself."""
        self.changes(caller)
        holder, columns = self._tagged(request)
        failures = []
        for pair in request["LFTags"]:
            key = pair["TagKey"].lower()
            done = [
                self.tags.unassign(holder, column, key, value)
                for column in columns
                for value in _lower(pair["TagValues"])
            ]
            if not any(done):
                failures.append(_failed(pair, "EntityNotFoundException", "The tag is not assigned to the resource."))
        return {"Failures": failures}

    def get_resource_lf_tags(self, request: Json, caller: Caller) -> Answer:
        """Effective tags; with ShowAssignedLFTags only what the resource and its columns carry themselves."""
        holder, columns = self._tagged(request)
        self.reads(caller)
        catalog, assigned = holder[0], bool(request.get("ShowAssignedLFTags"))
        answer: Json = {}
        if len(holder) < 3:
            tags = self.tags.direct(holder) if assigned else self.tags.effective(holder)
            return {"LFTagOnDatabase": pairs(catalog, tags)} if tags else {}
        inherited = self.tags.effective(holder)
        if not assigned and (above := self.tags.effective(holder[:2])):
            answer["LFTagOnDatabase"] = pairs(catalog, above)
        if columns == [None] and (own := self.tags.direct(holder) if assigned else inherited):
            answer["LFTagsOnTable"] = pairs(catalog, own)
        wanted = None if columns == [None] else set(columns)
        found = []
        for column in self.glue.table(*holder).columns:
            name = column.lower()
            if wanted is None or name in wanted:
                direct = self.tags.direct_columns(holder).get(name, {})
                tags = direct if assigned else self.tags.on_column(holder, name, inherited)
                if tags:
                    found.append({"Name": column, "LFTags": pairs(catalog, tags)})
        if found:
            answer["LFTagsOnColumns"] = found
        return answer

    def _searched(self, request: Json) -> tuple[str, Expression]:
        expression = expression_of(request["Expression"])
        for key, values in expression:
            # Whether AWS expands ``*`` in a search is not documented: a reader must not lean on it.
            for value in values:
                if value not in self.tags.keys.get(key, ()):
                    raise invalid(f"Tag value {value} does not exist for tag key {key}.")
        return self.catalog(request), expression

    def search_databases_by_lf_tags(self, request: Json, caller: Caller) -> Answer:
        """Databases whose effective tags match, with their values of the searched keys."""
        catalog, expression = self._searched(request)
        keys = [key for key, _ in expression]

        def row(name: str) -> str | None:
            tags = self.tags.effective((catalog, name))
            if not matches(expression, tags) or not self.sees_database(caller, catalog, name):
                return None
            database = {"CatalogId": catalog, "Name": name}
            return dumps({"Database": database, "LFTags": pairs(catalog, tags, keys)})

        size = self.pages.size(request, 100, 100)
        rows = in_order(self.glue.databases(catalog), row)
        found, token = self.pages.cut("SearchDatabasesByLFTags", request, rows, size=size, blank_first=True)
        return listing("DatabaseList", found, token)

    def search_tables_by_lf_tags(self, request: Json, caller: Caller) -> Answer:
        """Tables that match themselves or in a column, with the searched keys on database, table and every column.

        Inherited values are shown at each level, as the AWS CLI's own example has them.
        """
        catalog, expression = self._searched(request)
        keys = [key for key, _ in expression]
        all_seen = self.sees_everything(caller)

        def rows(cursor: Any) -> Iterator[tuple[tuple[str, str], str]]:
            for database in self.glue.databases(catalog):
                if cursor is not None and database < cursor[0]:
                    continue
                above = self.tags.effective((catalog, database))
                after = cursor[1] if cursor is not None and database == cursor[0] else None
                for table, _ in in_order(self.glue.tables(catalog, database), lambda name: name)(after):
                    holder = catalog, database, table
                    own = self.tags.direct(holder)
                    tags = {**above, **own} if own else above
                    columns = self.tags.direct_columns(holder)
                    if not matches(expression, tags) and not any(
                        matches(expression, {**tags, **mine}) for mine in columns.values()
                    ):
                        continue
                    if all_seen or self.sees_table(caller, *holder):
                        yield (database, table), self._tagged_table(holder, keys, above, tags, columns)

        size = self.pages.size(request, 100, 100)
        found, token = self.pages.cut("SearchTablesByLFTags", request, rows, size=size, blank_first=True)
        return listing("TableList", found, token)

    def _tagged_table(
        self, holder: tuple[str, str, str], keys: Sequence[str], above: Tags, tags: Tags, columns: dict[str, Tags]
    ) -> str:
        catalog, database, name = holder
        table = {"CatalogId": catalog, "DatabaseName": database, "Name": name}
        common = dumps(pairs(catalog, tags, keys))
        on_columns = []
        for column in self.glue.table(*holder).columns:
            own = columns.get(column.lower())
            text = common if own is None else dumps(pairs(catalog, {**tags, **own}, keys))
            if text != "[]":
                on_columns.append(f'{{"Name":{dumps(column)},"LFTags":{text}}}')
        members = [f'"Table":{dumps(table)}']
        if on_database := pairs(catalog, above, keys):
            members.append(f'"LFTagOnDatabase":{dumps(on_database)}')
        if common != "[]":
            members.append(f'"LFTagsOnTable":{common}')
        if on_columns:
            members.append(f'"LFTagsOnColumns":[{",".join(on_columns)}]')
        return "{" + ",".join(members) + "}"

    # -------------------------------------------------------------------------------------------- saved expressions

    def create_lf_tag_expression(self, request: Json, caller: Caller) -> Answer:
        """Its tags must exist."""
        self.changes(caller)
        catalog, name = self.catalog(request), request["Name"]
        if (catalog, name) in self.expressions:
            raise invalid(f"LF-tag expression {name} already exists.")
        self.expressions[catalog, name] = self._saved(catalog, request)
        return {}

    def _saved(self, catalog: str, request: Json) -> Json:
        expression = expression_of(request["Expression"])
        self.known_tags(expression)
        body = {"Name": request["Name"], "CatalogId": catalog, "Expression": expression_rows(expression)}
        return {**body, "Description": request["Description"]} if request.get("Description") is not None else body

    def update_lf_tag_expression(self, request: Json, caller: Caller) -> Answer:
        """Takes effect at once on every grant that names it."""
        self.changes(caller)
        catalog = self.catalog(request)
        old = self.expression(catalog, request["Name"])
        self.expressions[catalog, request["Name"]] = {**old, **self._saved(catalog, request)}
        return {}

    def delete_lf_tag_expression(self, request: Json, caller: Caller) -> Answer:
        """Takes the grants that name it along."""
        self.changes(caller)
        catalog, name = self.catalog(request), request["Name"]
        self.expression(catalog, name)
        del self.expressions[catalog, name]
        self.grants.drop(
            [
                key
                for key in self.grants.held
                if key.target.catalog == catalog
                and (
                    (key.target.kind.startswith("policy") and key.target.parts[1] == name)
                    or (key.target.kind == "expression" and key.target.parts[0] == name)
                )
            ]
        )
        return {}

    def _sees_expression(self, caller: Caller, catalog: str, name: str) -> bool:
        own = Key(caller.arn, Target("expression", catalog, (name,)), None)
        return self.sees_everything(caller) or own in self.grants.held

    def get_lf_tag_expression(self, request: Json, caller: Caller) -> Answer:
        """One saved expression."""
        catalog = self.catalog(request)
        found = self.expression(catalog, request["Name"])
        if not self._sees_expression(caller, catalog, request["Name"]):
            raise denied("Insufficient Lake Formation permission(s): Required DESCRIBE on LF-tag expression.")
        return found

    def list_lf_tag_expressions(self, request: Json, caller: Caller) -> Answer:
        """Those that the caller may see."""
        catalog = self.catalog(request)
        found = {k: v for k, v in self.expressions.items() if k[0] == catalog and self._sees_expression(caller, *k)}
        return self.page_of("ListLFTagExpressions", "LFTagExpressions", request, by_key(found), 1000)


def _failed(pair: Json, code: str, message: str) -> Json:
    return {"LFTag": pair, "Error": {"ErrorCode": code, "ErrorMessage": message}}


def _lower(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(str(value).lower() for value in values))
