"""The format as a tree of what may stand where, derived from the Pandera models; and the JSON Schema of it.

The datasets come from `checks.model.submitted`; only what surrounds them (format version, agency, month, who produced
it) is stated here.  Which of it a version of the format knows is said in `checks.format.versions`.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl
from pandera import polars as pa
from pandera.api.polars.components import Column

from checks.format.forms import AGENCY_CODE, CALENDAR_DATE, LOCAL_TIME, MONTH, OFFSET_TIME, Form
from checks.model.submitted import SUBMITTED, Choices, said


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Node:
    """What may stand in one place of a document.  Bounds of length are in characters."""

    name: str
    #: A JSON Schema type: object, array, string, number, integer or boolean.
    type: str
    title: str = ""
    description: str = ""
    title_en: str = ""
    description_en: str = ""
    #: Choice → what it means.
    meanings: Choices = field(default_factory=dict)
    #: May be null, and may be left out.
    nullable: bool = False
    sensitive: bool = False
    person: bool = False
    #: The attribute of `Scan` that tells this value: whose document it is.
    tells: str | None = None
    #: The rule that a value of the right type but not allowed here breaks.
    breaks: str = "F008"
    choices: tuple[str, ...] = ()
    shortest: int | None = None
    longest: int | None = None
    form: Form | None = None
    above: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    #: Of a number, how many at most.
    decimals: int | None = None
    properties: tuple["Node", ...] = ()
    items: "Node | None" = None

    @property
    def expected_type(self) -> str:
        """The JSON types allowed, as a finding's `expected` says it."""
        return f"{self.type} | null" if self.nullable else self.type

    @property
    def expected(self) -> str:
        """The values allowed, as a finding's `expected` says it."""
        if self.choices:
            return " | ".join(self.choices)
        if self.form:
            return self.form.expected
        if self.longest is not None:
            return f"{self.shortest or 0}–{self.longest}"
        bounds = [
            f"{sign} {bound:g}"
            for sign, bound in ((">", self.above), ("≥", self.at_least), ("≤", self.at_most))
            if bound is not None
        ]
        if self.decimals:
            bounds.append(f"小數最多 {self.decimals} 位 at most {self.decimals} decimals")
        return ", ".join(bounds) or self.expected_type


_TYPES = {pl.String: "string", pl.Float64: "number", pl.Boolean: "boolean"}


#: Pandera check → fields of `Node`, from the check's statistics.
_CONSTRAINTS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "isin": lambda said: {"choices": tuple(said["allowed_values"])},
    "str_length": lambda said: {"shortest": said["min_value"], "longest": said["max_value"]},
    "local_time": lambda _: {"form": LOCAL_TIME},
    "calendar_date": lambda _: {"form": CALENDAR_DATE},
    "greater_than": lambda said: {"above": said["min_value"]},
    "greater_than_or_equal_to": lambda said: {"at_least": said["min_value"]},
    "less_than_or_equal_to": lambda said: {"at_most": said["max_value"]},
    "decimals": lambda said: {"decimals": said["decimals"]},
}


def _in_words(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `Node` that say in words what it is, from metadata made by `said`."""
    return {
        "title_en": metadata["title_en"],
        "description_en": metadata["description_en"],
        "meanings": metadata["choices"],
    }


def _property(name: str, column: Column) -> Node:
    # A property without its English, or a check without its counterpart here, is a KeyError on import: neither can be
    # overlooked.
    metadata = column.metadata or {}
    fields: dict[str, Any] = _in_words(metadata)
    for check in column.checks:
        fields |= _CONSTRAINTS[check.name](check.statistics)
    return Node(
        name=name,
        type="integer" if metadata.get("integer") else _TYPES[column.dtype.type],
        title=column.title or "",
        description=column.description or "",
        nullable=column.nullable,
        sensitive=bool(metadata.get("sensitive")),
        person=bool(metadata.get("person")),
        **fields,
    )


#: Property → the version of the format that brought it, where that is not the first.
Since = Mapping[str, str]


def _dataset(name: str, model: type[pa.DataFrameModel], known: "Known") -> Node:
    schema = model.to_schema()
    columns = {column: stated for column, stated in schema.columns.items() if known.property(stated)}
    record = Node(
        name=name,
        type="object",
        title=schema.title or "",
        properties=tuple(known.restricted(_property(column, stated)) for column, stated in columns.items()),
    )
    words = {
        **_in_words((model.get_metadata() or {})[model.__name__]["dataframe"]),
        "title": schema.title or "",
        "description": schema.description or "",
    }
    return Node(name=name, type="array", items=record, nullable=name in LATER_DATASETS, **words)


def _header(name: str, title: str, title_en: str, description: str, description_en: str, **more: Any) -> Node:
    """A property of the document itself, which tells what the document is of."""
    words = _in_words(said(title_en, description_en))
    return Node(
        name=name, **{"type": "string", "title": title, "description": description, "tells": name, **words, **more}
    )


#: Lengths of a name of a system or version.
_NAME: dict[str, Any] = {"shortest": 1, "longest": 40}
#: Datasets that a document may leave out: a version after the first brought them.
LATER_DATASETS: Since = {"shifts": "1.1"}


@dataclass(frozen=True, slots=True)
class Known:
    """What one version of the format knows of the model: all that is not of the `later` versions.

    `later` are the versions after it; `without` the choices of a property that came later, by the property's name.
    """

    later: Collection[str] = ()
    without: Mapping[str, Collection[str]] = field(default_factory=dict)

    def dataset(self, name: str) -> bool:
        """Whether the version has the dataset."""
        return LATER_DATASETS.get(name) not in self.later

    def property(self, column: Column) -> bool:
        """Whether the version has the property."""
        return (column.metadata or {}).get("since") not in self.later

    def restricted(self, node: Node) -> Node:
        """The property with the choices that the version has."""
        choices = tuple(choice for choice in node.choices if choice not in self.without.get(node.name, ()))
        return replace(node, choices=choices)


def document(versions: tuple[str, ...], known: Known) -> Node:
    """The root of a version's tree; `versions` are the names of all that are supported."""
    return Node(
        name="",
        type="object",
        title="差勤資料報送檔",
        title_en="Submission of attendance data",
        description="一個機關一個月份一份",
        description_en="one for each agency and month",
        properties=(
            _header(
                *(
                    "format_version",
                    "格式版本",
                    "Format version",
                    "本檔依據的格式版本",
                    "which version the document is of",
                ),
                choices=versions,
                breaks="F004",
            ),
            _header(
                *("agency_code", "機關代碼", "Agency", "資料所屬機關的代碼，當月須為有效機關"),
                "the code of the agency that the data is of, which must be in force in that month",
                form=AGENCY_CODE,
            ),
            _header(
                *("month", "資料年月", "Month", "西元年月，不得為未來月份", "Gregorian; not in the future"),
                form=MONTH,
            ),
            _header(
                *("produced_by", "產製系統", "Produced by", "產製本檔的系統", "which system made the document"),
                type="object",
                tells=None,
                properties=(
                    _header(
                        *("system", "系統名稱", "System", "WebITR、WebHR，或其他差勤系統的產品名稱"),
                        "WebITR, WebHR, or the name of whatever other product it is",
                        **_NAME,
                    ),
                    _header("version", "系統版本", "Version", "該系統的版本", "of that system", **_NAME),
                ),
            ),
            _header(
                *(
                    "produced_at",
                    "產製時間",
                    "Produced at",
                    "RFC 3339：含秒及時區，時區以 +08:00 為宜，亦得為 Z 或其他時區",
                    "RFC 3339: with seconds and an offset, best +08:00; `Z` and others are allowed",
                ),
                form=OFFSET_TIME,
            ),
            *(_dataset(name, model, known) for name, model in SUBMITTED.items() if known.dataset(name)),
        ),
    )


def _constraints_schema(node: Node) -> dict[str, Any]:
    stated = {
        "enum": [*node.choices, *([None] if node.nullable else [])] if node.choices else None,
        "minLength": node.shortest,
        "maxLength": node.longest,
        "pattern": f"^{node.form.exact or node.form.pattern}$" if node.form else None,
        "format": node.form.format if node.form else None,
        "exclusiveMinimum": node.above,
        "minimum": node.at_least,
        "maximum": node.at_most,
    }
    return {keyword: value for keyword, value in stated.items() if value is not None}


def _described(node: Node) -> str:
    """What it is in both languages, then each choice."""
    meanings = (
        f"{choice}: {meaning.zh} {meaning.en}" for choice, meaning in node.meanings.items() if choice in node.choices
    )
    return "\n".join([node.description, node.description_en, *meanings])


def _node_schema(node: Node) -> dict[str, Any]:
    schema: dict[str, Any] = {"title": f"{node.title} {node.title_en}".strip()} if node.title else {}
    if node.description:
        schema["description"] = _described(node)
    schema["type"] = [node.type, "null"] if node.nullable else node.type
    schema |= _constraints_schema(node)
    if node.items:
        schema["items"] = _node_schema(node.items)
    if node.properties:
        schema["properties"] = {child.name: _node_schema(child) for child in node.properties}
        schema["required"] = [child.name for child in node.properties if not child.nullable]
        schema["additionalProperties"] = False
    return schema


def json_schema(version: str, root: Node) -> dict[str, Any]:
    """A version of the format as a JSON Schema (draft 2020-12); `root` is its tree.

    What it cannot say stays with the check: no property twice, no half surrogate pair, the limits, the decimals
    (`multipleOf: 0.01` is tested on binary fractions by many validators, which then refuse 8.12).  That dates and times
    are real is stated by their patterns, that `produced_at` is by `format` alone, which validators test only when asked
    to.
    """
    schema = _node_schema(root)
    del schema["properties"]["format_version"]["enum"]
    schema["properties"]["format_version"]["const"] = version
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:attendance-platform:submission:{version}",
        **schema,
    }
