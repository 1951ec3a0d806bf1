"""A row that is shipped off warns nobody; where it is switched on, everything that judges goes by it."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.platform import Platform
from assets.rebuild import RebuildDiffers, rebuild
from assets.reviewing import review
from assets.rule_trials import preview, replay
from checks.rule_set import all_rules, rule_set_version
from pipelines.resources import platform
from pipelines.settings import Settings
from portal.register import Remembered
from tests.support.installations import PERSON, document, installation
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.models import Agency, Submission

POLICE, BY_REGISTER = "376500001C", "376500009A"
ROW, OF_SICK_LEAVE = "civil_servant-police_fire", "02-contract"
MONTH = "2023-04"


def opened(home: Path, **settings: Any) -> Platform:
    """The installation with a police bureau, and another agency that is one as the register alone states."""
    made = installation(home, datetime(2023, 5, 10, 1, tzinfo=UTC), **settings)
    with writing(made.engine) as session:
        session.add(Agency(agency_code=POLICE, name="警察局", active_from=date(2015, 1, 1)))
        session.add(Agency(agency_code=BY_REGISTER, name="分隊", active_from=date(2015, 1, 1), kind="police_fire"))
    return made


def again(home: Path, *rows: str) -> Platform:
    """The same installation, opened with another setting."""
    return platform(Settings(home=home, rows_switched_on=rows), clock=lambda: datetime(2023, 5, 11, tzinfo=UTC))


def overtime(hours: int) -> list[dict[str, object]]:
    """Ten hours on each of as many days as it takes."""
    return [
        {
            "record_id": f"O-{day}", "person_id": PERSON, "start": f"{MONTH}-{day:02}T08:00",
            "end": f"{MONTH}-{day:02}T18:00", "minutes": 600, "compensation": "pay",
        }
        for day in range(1, hours // 10 + 1)
    ]  # fmt: skip


def sick_contract_staff(agency: str) -> bytes:
    """Three working weeks of sick leave of somebody on contract."""
    staff = {"person_id": PERSON, "name": "王小明", "employment_type": "contract", "from": None, "to": None}
    leave = {
        "record_id": "L-1", "person_id": PERSON, "leave_type": "02", "start": f"{MONTH}-06T08:30",
        "end": f"{MONTH}-28T17:30", "hours": 128, "certificate": True, "reason": None,
    }  # fmt: skip
    return document(agency, MONTH, employees=[staff], leaves=[leave], overtime=[])


def take(at: Platform, *documents: bytes) -> None:
    hand_in(at, [HandedIn(f"{number}.json", data) for number, data in enumerate(documents)])
    enter(at, MONTH)
    review(at)


def differences(at: Platform) -> list[tuple[str, str, int, int]]:
    return [(one.agency_code, one.rule, one.before, one.now) for one in replay(at).differences]


def warnings(at: Platform) -> dict[str, int]:
    with reading(at.engine) as session:
        return {one.agency_code: one.warnings for one in session.query(Submission)}


@pytest.mark.parametrize(("rows", "hours", "warned"), [((), 110, 0), ((ROW,), 100, 0), ((ROW,), 110, 2)])
def test_police_are_warned_above_a_hundred_hours_once_the_row_is_on(tmp_path, rows, hours, warned):
    """W204 and W212: the wider limit of police is the same."""
    police = opened(tmp_path / "home", rows_switched_on=rows)
    take(police, document(POLICE, MONTH, leaves=[], overtime=overtime(hours)))
    assert warnings(police) == {POLICE: warned}


def test_what_is_switched_on_is_another_rule_set_that_replay_shows_and_rebuild_takes(tmp_path):
    home = tmp_path / "home"
    shipped = opened(home)
    take(
        shipped,
        document(POLICE, MONTH, leaves=[], overtime=overtime(110)),
        document(BY_REGISTER, MONTH, leaves=[], overtime=overtime(110)),
        sick_contract_staff("376500003A"),
    )
    assert replay(shipped).differences == []
    assert preview(shipped, all_rules()["W204"]).not_evaluated == 2

    switched = again(home, ROW, OF_SICK_LEAVE)
    assert switched.rule_set == rule_set_version((OF_SICK_LEAVE, ROW)) != shipped.rule_set == rule_set_version()
    assert preview(switched, all_rules()["W204"]).not_evaluated == 0
    found = differences(switched)
    of_police = [(code, rule, 0, 1) for code in (POLICE, BY_REGISTER) for rule in ("W204", "W212")]
    assert sorted(found) == sorted([*of_police, ("376500003A", "W202", 0, 1)])
    with pytest.raises(RebuildDiffers):
        rebuild(switched)
    assert rebuild(switched, accept_changes=True).judged_anew == 2
    assert replay(switched).differences == []
    with reading(switched.engine) as session:
        versions = {one.agency_code: one.rule_set for one in session.query(Submission)}
    assert versions[POLICE] == switched.rule_set
    assert sorted(differences(shipped)) == sorted((*one, now, before) for *one, before, now in found)  # off again


def test_a_rebuild_goes_by_the_register_as_entering_does(tmp_path):
    police = opened(tmp_path / "home", rows_switched_on=(ROW,))
    take(police, document(BY_REGISTER, MONTH, leaves=[], overtime=overtime(110)))
    assert warnings(police) == {BY_REGISTER: 2}
    assert replay(police).differences == []
    assert rebuild(police).judged_anew == 0


def test_the_portals_check_goes_by_it(tmp_path):
    police = opened(tmp_path / "home", rows_switched_on=(ROW,))
    assert Remembered(police).context.overtime_limits is police.limit_tables.overtime_limits
