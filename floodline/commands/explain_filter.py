"""``floodline explain-filter``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from checks import spelling
from checks.declared import PlacementError
from checks.model import Confidence, ExitCode, Lake, Table, Where
from checks.normal import column_name, database_name, table_name
from checks.predicates import rowfilter, rows, untyped
from checks.predicates.certificate import Certificate, certificate, one_line
from checks.predicates.kernel import Relation, UndecidedError
from checks.predicates.rows import Engine, Proof, RowVerdict
from checks.predicates.untyped import Answer, Reading
from floodline.errors import CannotStart, Usage
from floodline.inputs import declaration, recordings

_CODES = {
    Relation.EQUAL: ExitCode.CLEAN,
    Relation.NARROWER: ExitCode.DRIFT,
    Relation.WIDER: ExitCode.WIDENING,
    Relation.OVERLAP: ExitCode.WIDENING,
    Relation.UNKNOWN: ExitCode.UNDECIDED,
}
_MEANS = {
    Relation.EQUAL: "the same rows",
    Relation.NARROWER: "live shows less than declared",
    Relation.WIDER: "live shows more than declared",
    Relation.OVERLAP: "live shows rows that are not declared, and hides rows that are",
    Relation.UNKNOWN: "could not be decided",
}


@click.command(
    epilog="""\b
Exit codes:
   0  equal
   2  narrower
   3  wider, or overlap
   4  unknown
   5  a file cannot be read
  64  usage
"""
)
@click.argument("a", metavar="DECLARED")
@click.argument("b", metavar="LIVE")
@click.option(
    "--column", "column", multiple=True, metavar="NAME:TYPE", help="A column's Glue type; repeat for several."
)
@click.option("--table", metavar="DATABASE.TABLE", help="Take the types from this table of --state or --live.")
@click.option("--state", "state", multiple=True, metavar="FILE", help="State to find the table in.")
@click.option("--live", "live", multiple=True, metavar="RECORDING", help="Recording to find the table in.")
@click.option("--region", metavar="REGION", help="The region of what the declaration leaves open.")
@click.option("--account", metavar="ID", help="The account of what the declaration leaves open.")
@click.option(
    "--engine", type=click.Choice(["athena", "redshift"]), help="For which engine the certificate is written."
)
@click.option(
    "--rows",
    "limit",
    type=click.IntRange(10, 3000),
    default=200,
    show_default=True,
    help="Most rows of the certificate.",
)
@click.option("--sql", "only_sql", is_flag=True, help="The certificate alone on stdout, the rest on stderr.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print; default text."
)
def command(
    a: str,
    b: str,
    column: tuple[str, ...],
    table: str | None,
    state: tuple[str, ...],
    live: tuple[str, ...],
    region: str | None,
    account: str | None,
    engine: str | None,
    limit: int,
    only_sql: bool,
    form: str,
) -> int:
    """Say whether the row filter LIVE shows more rows than DECLARED, with a row to show it.

    Where it can be decided, a query follows with which anybody can confirm the verdict on their own engine: it holds
    a row for each combination of values that the filters can tell apart, and needs no table. Both filters are SQL
    expressions; @FILE reads one from a file.

    \b
    floodline explain-filter "country = 'US'" "country like 'U%'"
    floodline explain-filter @declared.sql @live.sql --column amount:'decimal(10,2)'
    """  # noqa: D301 - \b is click's: keep these lines apart
    if only_sql and form == "json":
        raise Usage("--sql and --format json: give one of them")
    before, after = _text(a), _text(b)
    types = _columns(column)
    clashes: Mapping[str, str] = {}
    if table is not None:
        found, clashes = _from_table(table, _lakes(state, live, account, region))
        types = {**found, **types}
    elif state or live:
        raise Usage("--state and --live are read for the types of a table only: name it with --table DATABASE.TABLE")
    question = _Question(before, after, types, closed=table is not None)
    answer = question.answer({name: said for name, said in clashes.items() if name not in _columns(column)})
    chosen = Engine.REDSHIFT if engine == "redshift" else Engine.ATHENA
    if engine is None and answer.verdict.proof is Proof.REDSHIFT:
        chosen = Engine.REDSHIFT
    made: Certificate | str
    try:
        made = question.certificate(answer, chosen, limit)
    except UndecidedError as undecided:
        made = str(undecided)
    if form == "json":
        click.echo(json.dumps(_document(question, answer, made), indent=2, allow_nan=False))
    else:
        for line in _lines(question, answer, made):
            click.echo(line, err=only_sql)
        if isinstance(made, Certificate):
            click.echo(made.sql if only_sql else "\n" + made.sql, nl=False)
    return int(_CODES[answer.verdict.relation])


# --------------------------------------------------------------------------------------------------------------- input
class _Question:
    """Both filters, and the column types that are known."""

    def __init__(self, declared: str, live: str, types: Mapping[str, str], *, closed: bool) -> None:
        self.declared, self.live, self.types = declared, live, types
        self._closed = closed  # a table's columns are all there are: nothing is assumed of others

    def answer(self, clashes: Mapping[str, str]) -> Answer:
        """Compare the filters; *clashes* are columns of which the two sides have different types."""
        union, other = [Where(self.live)], [Where(self.declared)]
        for name in sorted(clashes):
            if name in _words(self.live) | _words(self.declared):
                why = RowVerdict(Relation.UNKNOWN, reason=f"`{name}` has two types: {clashes[name]}")
                return Answer(why, (Reading({}, self.types, why),))
        if self._closed:
            verdict = rows.compare(union, other, self.types)
            return Answer(verdict, (Reading({}, self.types, verdict),))
        return untyped.compare(union, other, self.types)

    def certificate(self, answer: Answer, engine: Engine, limit: int) -> Certificate:
        """Write the query for the chief reading of the answer."""
        if answer.verdict.relation is Relation.UNKNOWN:
            raise UndecidedError("there is nothing to confirm")
        return certificate(
            [Where(self.live)], [Where(self.declared)], answer.chief.types, answer.verdict, engine=engine, limit=limit
        )


def _text(argument: str) -> str:
    """Take a filter as it stands, or from the file that @ names."""
    if not argument.startswith("@"):
        return argument
    path = argument[1:]
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise CannotStart(f"cannot read `{path}`: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise CannotStart(f"cannot read `{path}`: it is not UTF-8 text") from error


def _words(text: str) -> set[str]:
    """The words that may name a column; where the text cannot be split, none: the comparison will say so."""
    try:
        return {token.text.lower() for token, _ in rowfilter.tokens(text) if token.kind in ("word", "quoted")}
    except UndecidedError:
        return set()


def _columns(given: Sequence[str]) -> dict[str, str]:
    types: dict[str, str] = {}
    for text in given:
        name, _, kind = text.partition(":")
        name = column_name(name.strip())
        if not name or not kind.strip():
            raise Usage(f"--column {text}: write NAME:TYPE, such as amount:decimal(10,2)")
        if types.setdefault(name, kind) != kind:
            raise Usage(f"--column {text}: `{name}` already has the type `{types[name]}`")
    return types


def _lakes(state: Sequence[str], live: Sequence[str], account: str | None, region: str | None) -> dict[str, list[Lake]]:
    if not state and not live:
        raise Usage("--table: give `--state FILE`, `--live RECORDING`, or both, to find the table in")
    seen = recordings(live).live.lakes if live else ()
    try:
        told = declaration(state, (), ()).place(account=account, region=region, live=tuple(one.id for one in seen))
    except PlacementError as error:
        raise CannotStart(str(error)) from error
    return {"declared": list(told), "live": list(seen)}


def _from_table(text: str, lakes: Mapping[str, Sequence[Lake]]) -> tuple[dict[str, str], dict[str, str]]:
    """Return a table's column types, the live ones where both are known, and what differs between the sides."""
    database, _, name = text.partition(".")
    if not database or not name or "." in name:
        raise Usage(f"--table {text}: write DATABASE.TABLE")
    types: dict[str, str] = {}
    clashes: dict[str, str] = {}
    for side, some in lakes.items():
        for info in (info for lake in some for info in lake.tables.values() if _named(info.id, database, name)):
            for column in (*(info.columns or ()), *info.partition_keys):
                if types.get(column.name, column.type) != column.type:
                    clashes[column.name] = f"{types[column.name]}, and {side} {column.type}"
                types[column.name] = column.type
    if not types:
        raise CannotStart(f"no table `{text}` with columns among what is declared or recorded")
    return types, clashes


def _named(table: Table, database: str, name: str) -> bool:
    return (table.database, table.name) == (database_name(database), table_name(name))


# -------------------------------------------------------------------------------------------------------------- output
def _confidence(answer: Answer) -> Confidence | None:
    verdict = answer.verdict
    if verdict.relation is Relation.UNKNOWN:
        return None
    if verdict.proof is Proof.IDENTICAL or (verdict.proof is Proof.EXACT and not answer.chief.assumed):
        return Confidence.PROVED
    return Confidence.ASSUMED


def _engine(verdict: RowVerdict) -> str | None:
    """The engine on which the verdict holds, where it does not hold on every one."""
    return {Proof.ATHENA: "Athena", Proof.REDSHIFT: "Redshift"}.get(verdict.proof)


def _lines(question: _Question, answer: Answer, made: Certificate | str) -> list[str]:
    verdict = answer.verdict
    lines = [
        ("declared", _shown(question.declared)),
        ("live", _shown(question.live)),
        ("verdict", f"{verdict.relation}: {_MEANS[verdict.relation]}"),
    ]
    if verdict.proof is not Proof.NONE:
        lines += [("proof", str(verdict.proof)), ("confidence", str(_confidence(answer)))]
    if verdict.reason:
        lines.append(("reason", verdict.reason))
    lines += [
        (name, _row(row, answer.chief.types))
        for name, row in (("live only", verdict.gained), ("declared only", verdict.lost))
        if row is not None
    ]
    for name in () if verdict.proof is Proof.IDENTICAL else answer.chief.assumed:
        kinds = " or ".join(dict.fromkeys(reading.assumed[name] for reading in answer.readings))
        lines.append(("assumed", f"{name} is {kinds}; give --column {name}:TYPE if you know"))
    if isinstance(made, str):
        lines.append(("certificate", f"none: {made}"))
    return [f"{name + ':':<15}{spelling.printable(text)}" for name, text in lines]


def _shown(text: str) -> str:
    try:
        return one_line(text)
    except UndecidedError:
        return text


def _row(row: Mapping[str, Any], types: Mapping[str, str]) -> str:
    cells = []
    for name, value in row.items():
        struct = types.get(name, "").startswith("struct") or any(one.startswith(f"{name}.") for one in row)
        cells.append(f"{name} is not null" if struct and value is not None else f"{name} = {_value(value)}")
    return ", ".join(cells) or "any row"


def _value(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def _document(question: _Question, answer: Answer, made: Certificate | str) -> dict[str, Any]:
    verdict = answer.verdict
    return {
        "schema": "floodline/filter/v1",
        "declared": question.declared,
        "live": question.live,
        "verdict": str(verdict.relation),
        "proof": str(verdict.proof),
        "confidence": _confidence(answer),
        "engine": _engine(verdict),
        "reason": verdict.reason or None,
        "gained": None if verdict.gained is None else dict(verdict.gained),
        "lost": None if verdict.lost is None else dict(verdict.lost),
        "types": dict(answer.chief.types),
        "assumed": dict(answer.chief.assumed),
        "readings": [
            {"assumed": dict(one.assumed), "verdict": str(one.verdict.relation), "reason": one.verdict.reason or None}
            for one in answer.readings
        ],
        "certificate": {"none": made}
        if isinstance(made, str)
        else {
            "engine": str(made.engine),
            "sql": made.sql,
            "rows": made.rows,
            "combinations": made.combinations,
            "complete": made.complete,
            "expected": {"live_only": made.gained, "declared_only": made.lost},
        },
        "exit_code": int(_CODES[verdict.relation]),
    }
