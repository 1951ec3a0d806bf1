"""How true the rules are: what they say of a lawful nation, and whether they find faults of everybody they are for.

    python benchmarks/rules.py                     # 100 agencies, two years; exit 1 where a target is missed

Targets (issue 13): fewer than 1 warning per 100 people and month on lawful documents, no record refused; and every
fault that was put in found, of each sort of person for whom the rule is.  Precision is that of the seeded faults beside
the lawful nation's own findings: true ones ÷ all.
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from random import Random

import polars as pl
from lawful_nation import MONTHS, LawfulAgency, as_bytes, lawful_nation
from lawful_people import TYPHOON
from seeded_across import FAULTS_ACROSS, Entered, FaultAcross, across
from seeded_faults import FAULTS, Fault, Place, Subject, subjects

from checks.bulk import BatchResult, check_documents
from checks.closures import SCHEMA, Closures
from checks.context import CheckContext
from checks.document import SubmittedDocument
from checks.model.agency_kinds import kind_of_code
from checks.model.masking import mask_person_id

MOST_WARNINGS = 1.0
#: Months whose year before is there as well, for the rules across submissions.
_REVIEWED = MONTHS[12:]
#: People and months looked at for each fault that is to be put in; some cannot have it.
_ATTEMPTS = 8


@dataclass
class Tally:
    """Of a rule: faults put in and found, by sort of person; lawful findings; findings on those it is not for."""

    seeded: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    not_for: int = 0
    said_of_those: int = 0
    lawful: int = 0


def main() -> int:
    """Print the figures; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--agencies", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=5, help="faults of a rule for each sort of person and version")
    wanted = parser.parse_args()
    nation = lawful_nation(wanted.agencies, wanted.seed)
    closures = [(agency.code, TYPHOON, 8) for agency in nation]
    context = CheckContext(date(2026, 1, 5), closures=Closures(pl.DataFrame(closures, schema=SCHEMA, orient="row")))
    tallies: dict[str, Tally] = defaultdict(Tally)
    places = [(agency.code, month) for agency in nation for month in MONTHS]
    documents = [as_bytes(agency.document(month)) for agency in nation for month in MONTHS]
    result = _checked(documents, context)
    entered = Entered.of(result, places)
    share = _lawful(result, entered, tallies)
    random = Random(wanted.seed)
    _seed_faults(nation, context, tallies, random, wanted.each)
    _seed_across(nation, context, entered, tallies, random)
    missed = _report(tallies)
    return 1 if missed or share >= MOST_WARNINGS else 0


def _checked(documents: Iterable[bytes], context: CheckContext) -> BatchResult:
    return check_documents([SubmittedDocument(data) for data in documents], context)


def _lawful(result: BatchResult, entered: Entered, tallies: dict[str, Tally]) -> float:
    """Print what is said of the lawful nation; warnings per 100 people and month."""
    people = sum(document.counts["employees"].read for document in result.documents if document.counts)
    found = [document.findings.select("rule", "severity") for document in result.documents]
    reviewed = [across(entered, month).select("rule", "severity") for month in _REVIEWED]
    said = pl.concat([frame.cast(pl.String) for frame in (*found, *reviewed)])
    for rule, count in said.group_by("rule").len().iter_rows():
        tallies[rule].lawful = count
    refused = said.filter(pl.col("severity") != "warning").height
    share = said.height / people * 100
    kinds = Counter[str]()
    for document in result.documents:
        kinds[kind_of_code(document.agency_code or "").name] += document.findings.height
    print(f"lawful: {people:,} people and months, {len(result.documents):,} documents, {refused} refusals,")
    print(f"  {share:.2f} warnings per 100 people and month (below {MOST_WARNINGS:g}); of documents alone by kind:")
    print("  " + ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()))
    return share + (MOST_WARNINGS if refused else 0)


def _seed_faults(
    nation: list[LawfulAgency], context: CheckContext, tallies: dict[str, Tally], random: Random, each: int
) -> None:
    everybody = list(subjects(nation, MONTHS[1:]))
    for fault in FAULTS:
        tried, attempts = Counter[str](), Counter[str]()
        seeded: list[tuple[Subject, str, Place, bool]] = []
        random.shuffle(everybody)
        for one in everybody:
            sort = f"{one.stretch.life.sort.name}, {one.agency.version}"
            if tried[sort] >= each or attempts[sort] >= each * _ATTEMPTS:
                continue
            attempts[sort] += 1
            subject = Subject(one.agency, one.stretch, one.month, deepcopy(one.agency.document(one.month)))
            place = fault.seed(subject)
            if place is None:
                continue
            tried[sort] += 1
            seeded.append((subject, sort, place, fault.of(subject)))
        result = _checked((as_bytes(subject.document) for subject, *_ in seeded), context)
        for (subject, sort, place, is_for), document in zip(seeded, result.documents, strict=True):
            named = _is_named(fault, subject, place, document.findings)
            tally = tallies[fault.rule]
            if is_for:
                tally.seeded[sort] += 1
                tally.found[sort] += named
            else:
                tally.not_for += 1
                tally.said_of_those += named


def _is_named(fault: Fault, subject: Subject, place: Place, findings: pl.DataFrame) -> bool:
    dataset, index = place
    of_rule = findings.filter(rule=fault.rule)
    if dataset is not None:
        of_rule = of_rule.filter(dataset=dataset)
        of_rule = of_rule.filter(whom=mask_person_id(subject.person)) if index is None else of_rule.filter(index=index)
    return not of_rule.is_empty()


def _seed_across(
    nation: list[LawfulAgency], context: CheckContext, entered: Entered, tallies: dict[str, Tally], random: Random
) -> None:
    """One agency has one fault at most; all of them are looked at at once."""
    month = MONTHS[-1]
    everybody = list(subjects(nation, [month]))
    for fault in FAULTS_ACROSS:
        random.shuffle(everybody)
        seeded: dict[str, Subject] = {}
        for one in everybody:
            subject = Subject(one.agency, one.stretch, month, deepcopy(one.agency.document(month)))
            if one.agency.code not in seeded and fault.seed(subject):
                seeded[one.agency.code] = subject
        _tally_across(fault, seeded, context, entered, tallies)
    listed = {one.agency.code: one for one in everybody}
    twice: dict[str, Subject] = {}
    for here, there in _pairs_of_a_version(listed):
        document = deepcopy(listed[here].agency.document(month))
        rows = listed[there].agency.document(month)["employees"]
        row = next(row for row in rows if row["person_id"] == listed[there].person)
        document["employees"].append(row)
        twice[here] = Subject(listed[here].agency, listed[there].stretch, month, document)
    _tally_across(FaultAcross("W209", bool, of_person=True), twice, context, entered, tallies)


def _pairs_of_a_version(listed: Mapping[str, Subject]) -> Iterator[tuple[str, str]]:
    for version in ("1.0", "1.1"):
        codes = sorted(code for code, subject in listed.items() if subject.agency.version == version)
        yield from zip(codes[::2], codes[1::2], strict=False)


def _tally_across(
    fault: FaultAcross,
    seeded: dict[str, Subject],
    context: CheckContext,
    entered: Entered,
    tallies: dict[str, Tally],
) -> None:
    month = MONTHS[-1]
    if not seeded:
        return
    result = _checked((as_bytes(subject.document) for subject in seeded.values()), context)
    corrected = entered.corrected(Entered.of(result, [(code, month) for code in seeded]))
    found = across(corrected, month).filter(rule=fault.rule)
    for code, subject in seeded.items():
        here = found.filter(agency_code=code)
        named = here.filter(person_key=subject.person) if fault.of_person else here
        sort = f"{subject.stretch.life.sort.name}, {subject.agency.version}" if fault.of_person else "an agency"
        tallies[fault.rule].seeded[sort] += 1
        tallies[fault.rule].found[sort] += not named.is_empty()


def _report(tallies: dict[str, Tally]) -> bool:
    """Print a line a rule; whether a fault was missed, or said of somebody for whom the rule is not."""
    print("rule   put in  found  recall  precision  lawful  not for them: put in, said")
    missed = False
    for rule, tally in sorted(tallies.items()):
        seeded, found = tally.seeded.total(), tally.found.total()
        recall = f"{found / seeded:7.1%}" if seeded else "      –"
        said = found + tally.lawful + tally.said_of_those
        precision = f"{found / said:10.1%}" if said else "         –"
        print(
            f"{rule}   {seeded:6}{found:7}{recall} {precision}{tally.lawful:8}{tally.not_for:21}{tally.said_of_those:6}"
        )
        lacking = [f"{sort} ({tally.found[sort]}/{n})" for sort, n in tally.seeded.items() if tally.found[sort] < n]
        if lacking:
            print(f"       not found of: {', '.join(lacking)}")
        missed |= bool(lacking) or tally.said_of_those > 0
    return missed


if __name__ == "__main__":
    sys.exit(main())
