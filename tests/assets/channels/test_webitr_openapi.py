"""docs/webitr-openapi.yaml against what goes over the wire: the channel's requests and the test server's answers."""

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import polars as pl
import pytest
import yaml
from jsonschema import Draft202012Validator

from assets.channels import webitr_schemas
from assets.channels.protocol import Land, Outcome, Remembered
from assets.channels.webitr import WebItr, WebItrSettings
from checks.bulk import check_documents
from checks.context import CheckContext
from checks.document import SubmittedDocument
from checks.format.versions import VERSIONS
from tests.assets.channels.recalled import Recalled
from tests.assets.channels.webitr_server import TOKEN, Exchange, WebItrServer

TEXT = webitr_schemas.SPECIFICATION.read_text(encoding="utf-8")
SPECIFICATION = yaml.safe_load(TEXT)
AGENCY, MONTH = "376500000A", "2021-06"
DOCUMENT = {
    "format_version": "1.1",
    "agency_code": AGENCY,
    "month": MONTH,
    "produced_by": {"system": "WebITR", "version": "2.4.1"},
    "produced_at": "2021-07-05T09:12:00+08:00",
    "employees": [],
    "leaves": [],
    "overtime": [],
    "clockings": [],
}


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """The node that a local reference points to, or the node itself."""
    if "$ref" not in node:
        return node
    found: Any = SPECIFICATION
    for part in node["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


def faults_of(value: object, schema: dict[str, Any]) -> Iterator[str]:
    whole = {"components": SPECIFICATION["components"], **resolved(schema)}
    return (error.message for error in Draft202012Validator(whole).iter_errors(value))


def departures(exchange: Exchange) -> list[str]:
    """Where an exchange is not as the specification has it."""
    found: list[str] = []
    for path, operations in SPECIFICATION["paths"].items():
        matched = re.search(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/?]+)", re.escape(path)) + "$", exchange.path)
        if matched:
            operation = operations["get"]
            break
    else:
        return [f"no such path: {exchange.path}"]
    for parameter in operation["parameters"]:
        name = parameter["name"]
        value = matched[name] if parameter["in"] == "path" else exchange.request.get(name.lower())
        if value is None:
            found += [f"{name} is missing"] if parameter["required"] else []
        else:
            found += faults_of(value, parameter["schema"])
    if not exchange.request.get("authorization", "").startswith("Bearer "):
        found.append("no bearer token")
    if str(exchange.status) not in operation["responses"]:
        return [*found, f"no such answer: {exchange.status}"]
    answer = resolved(operation["responses"][str(exchange.status)])
    for name, header in answer.get("headers", {}).items():
        value = exchange.headers.get(name.lower())
        if value is None:
            found += [f"{name} is missing"] if resolved(header).get("required") else []
        else:
            typed = int(value) if resolved(header)["schema"]["type"] == "integer" else value
            found += faults_of(typed, resolved(header)["schema"])
    content = answer.get("content", {})
    kind = exchange.headers.get("content-type")
    if bool(content) != bool(exchange.body) or (content and kind not in content):
        return [*found, f"content {kind!r} is not one of {list(content)}"]
    return found + list(faults_of(json.loads(exchange.body), content[kind]["schema"]) if content else [])


def test_the_schemas_are_those_of_the_data_model() -> None:
    assert webitr_schemas.specification(TEXT) == TEXT, "run: python -m assets.channels.webitr_schemas"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_example_of_each_version_is_valid_by_our_own_check(version: str) -> None:
    example = SPECIFICATION["components"]["examples"][f"Submission_{version}"]["value"]
    assert example["format_version"] == version
    assert list(faults_of(example, {"$ref": "#/components/schemas/Submission"})) == []
    document = SubmittedDocument(json.dumps(example).encode(), example["agency_code"], example["month"])
    (checked,) = check_documents([document], CheckContext(date(2021, 7, 10))).documents
    assert checked.findings.filter(pl.col("severity") != "warning").is_empty(), checked.findings.to_dicts()


def test_both_sides_keep_to_it(server: WebItrServer, memory: Recalled, land: Land) -> None:
    base = server.serve(
        AGENCY, MONTH, json.dumps(DOCUMENT).encode(), lambda h: h.problem(503, "later", {"Retry-After": "0"})
    )
    agency = {"base_url": base, "pause_seconds": 0.01}
    one = WebItr(WebItrSettings.model_validate({"agencies": {AGENCY: {**agency, "token": TOKEN}}}))
    stranger = WebItr(WebItrSettings.model_validate({"agencies": {AGENCY: {**agency, "token": "wrong"}}}))

    (first,) = one.collect(MONTH, [AGENCY], memory, land)
    memory[AGENCY] = Remembered(first.etag, first.submission_id)
    list(one.collect(MONTH, [AGENCY], memory, land))
    list(one.collect("2021-07", [AGENCY], Recalled(), land))
    list(stranger.collect(MONTH, [AGENCY], Recalled(), land))

    assert first.outcome is Outcome.DELIVERED
    assert [each.status for each in server.exchanges] == [503, 200, 304, 404, 401]
    assert [departures(each) for each in server.exchanges] == [[]] * 5


@pytest.mark.parametrize(
    "change",
    [
        {"path": "/a/attendance/v2/submissions/2021-06"},
        {"path": "/a/attendance/v1/submissions/202106"},
        {"status": 418},
        {"headers": {"content-type": "application/json"}},
        {"headers": {"content-type": "text/html", "etag": '"a"'}},
        {"headers": {"content-type": "application/json", "etag": "unquoted"}},
        {"request": {"accept": "application/json", "accept-encoding": "gzip"}},
        {"request": {"accept": "*/*", "accept-encoding": "gzip", "authorization": "Bearer x"}},
        {"body": b"{}"},
    ],
)
def test_a_departure_is_noticed(change: dict[str, Any]) -> None:
    kept_to = Exchange(
        "/a/attendance/v1/submissions/2021-06",
        {"accept": "application/json", "accept-encoding": "gzip", "authorization": "Bearer x"},
        200,
        {"content-type": "application/json", "etag": '"a"'},
        json.dumps(DOCUMENT).encode(),
    )
    assert departures(kept_to) == []
    for name, value in change.items():
        setattr(kept_to, name, value)
    assert len(departures(kept_to)) > 0
