"""The made-up country's agencies: a tree three levels deep, who reports by which channel, and their people.

Names and codes are invented; the codes are shaped like the real ones.
"""

import csv
import io
from dataclasses import dataclass, field
from datetime import date
from random import Random

from pipelines.demo.people import full_name, national_id, old_resident_id, resident_id
from pipelines.demo.staff import Terms, staff_of, terms_of
from pipelines.demo.webitr_releases import version_of

REGISTER_COLUMNS = (
    *("agency_code", "name", "parent_code", "level", "active_from", "active_to", "channel", "expected_headcount"),
    *("exempt_from", "exempt_to", "exempt_reason", "reported_by"),
)
#: 機關層級 of ministries and county governments; their bureaus and townships are one below, schools and offices two.
TOP_LEVEL = 2
#: Root code (its first five digits), name, what stands directly below it, and what stands below each of those.
_TREE: tuple[tuple[str, str, dict[str, tuple[str, ...]]], ...] = (
    (
        "34500",
        "農漁部",
        {
            "農漁部水土保育局": ("農漁部水土保育局北區分局", "農漁部水土保育局南區分局"),
            "農漁部漁港管理局": ("農漁部漁港管理局海岬辦事處", "農漁部漁港管理局東港辦事處"),
            "農漁部農業試驗所": ("農漁部農業試驗所高地分所", "農漁部農業試驗所茶業分所"),
        },
    ),
    (
        "35600",
        "工程部",
        {
            "工程部道路養護局": ("工程部道路養護局青川工務段", "工程部道路養護局海岬工務段"),
            "工程部河川規劃局": ("工程部河川規劃局第一河川分局", "工程部河川規劃局第二河川分局"),
            "工程部材料試驗所": ("工程部材料試驗所青川分所", "工程部材料試驗所海岬分所"),
        },
    ),
    (
        "37650",
        "青川縣政府",
        {
            "青川縣教育局": ("青川縣立青川國民中學", "青川縣青川國民小學", "青川縣三溪國民小學"),
            "青川縣衛生局": ("青川縣青川鎮衛生所", "青川縣立青川醫院"),
            "青川縣青川鎮公所": ("青川縣青川鎮立圖書館", "青川縣青川鎮清潔隊"),
            "青川縣三溪鄉公所": ("青川縣三溪鄉立幼兒園",),
        },
    ),
    (
        "37651",
        "海岬縣政府",
        {
            "海岬縣教育局": ("海岬縣立海岬國民中學", "海岬縣海岬國民小學", "海岬縣燈塔國民小學"),
            "海岬縣警察局": ("海岬縣警察局海岬分局", "海岬縣警察局燈塔分局"),
            "海岬縣海岬鎮公所": ("海岬縣海岬鎮立圖書館", "海岬縣海岬鎮公有零售市場"),
            "海岬縣燈塔鄉公所": ("海岬縣燈塔鄉立幼兒園",),
        },
    ),
    (
        "37652",
        "雲坪市政府",
        {
            "雲坪市政府教育局": ("雲坪市立雲坪高級中學", "雲坪市雲坪國民小學", "雲坪市山腳國民小學"),
            "雲坪市政府消防局": ("雲坪市政府消防局第一大隊",),
            "雲坪市雲坪區公所": ("雲坪市雲坪區戶政事務所",),
        },
    ),
)
#: A word in a name → the last character of the agency's code, which says its kind; of any other it is an office.
_LETTERS = {
    "國民中學": "X",
    "高級中學": "U",
    "國民小學": "Y",
    "幼兒園": "Z",
    "醫院": "P",
    "警察局": "C",
    "消防局": "C",
    "衛生": "I",
    "圖書館": "E",
}
_OFFICE = "A"
#: Half WebITR, three in ten WebHR, two in ten by hand, mixed over the whole tree.
_CHANNELS = ("webitr", "webhr", "webitr", "manual", "webitr", "webhr", "webitr", "webhr", "webitr", "manual")
_ALWAYS = date(2011, 1, 1)
_FIRST_ONES_LEAVE = 30 * 8
FORMED, FORMED_ON = "農漁部水土保育局南區分局", date(2021, 5, 1)
ABOLISHED, ABOLISHED_ON = "青川縣青川鎮清潔隊", date(2021, 4, 30)
EXEMPT, EXEMPT_REASON = "海岬縣海岬鎮公有零售市場", "無編制內人員，免予報送"


@dataclass(frozen=True)
class Person:
    """Somebody on an agency's payroll; `joined` and `left` (the last day) None: before and after all that is shown.

    `serial` is of no other person.
    """

    person_id: str
    name: str
    employment_type: str
    woman: bool
    card: str
    serial: int
    joined: date | None = None
    left: date | None = None
    terms: Terms = field(default_factory=Terms)

    def works_on(self, day: date) -> bool:
        """Whether the person is in service on the day, and not on unpaid leave."""
        in_service = (self.joined or date.min) <= day <= (self.left or date.max)
        return in_service and day < (self.terms.unpaid_from or date.max)


@dataclass(frozen=True)
class DemoAgency:
    """An agency of the register, with its people."""

    agency_code: str
    name: str
    parent_code: str | None
    level: int
    channel: str
    active_from: date = _ALWAYS
    active_to: date | None = None
    exempt_reason: str | None = None
    people: tuple[Person, ...] = field(default=(), repr=False)

    @property
    def format_version(self) -> str:
        """The version of the format that its system writes: WebITR 1.1 from 2.4 on, half of the agencies' own too."""
        number = int(self.agency_code[5:9])
        if self.channel == "webitr":
            return "1.0" if version_of(self.agency_code) < "2.4" else "1.1"
        return "1.0" if self.channel == "manual" and number % 2 else "1.1"

    def in_force(self, month: str) -> bool:
        """Whether the agency exists on some day of the `YYYY-MM` month."""
        return f"{self.active_from:%Y-%m}" <= month <= (f"{self.active_to:%Y-%m}" if self.active_to else "9999-12")

    def due(self, month: str) -> bool:
        """Whether the agency must report the month."""
        return self.in_force(month) and self.exempt_reason is None


def make_agencies(seed: int) -> list[DemoAgency]:
    """The country's agencies in the order of the tree, the same for the same seed."""
    rng = Random(seed)  # noqa: S311  (made-up data)
    agencies: list[DemoAgency] = []
    for root, name, below in _TREE:
        top = f"{root}0000A"
        agencies.append(_make_agency(rng, len(agencies), top, name, None))
        for i, (bureau, offices) in enumerate(below.items(), start=1):
            parent = f"{root}{i:02d}00{_letter(bureau)}"
            agencies.append(_make_agency(rng, len(agencies), parent, bureau, top))
            for j, office in enumerate(offices, start=1):
                code = f"{root}{i:02d}{j:02d}{_letter(office)}"
                agencies.append(_make_agency(rng, len(agencies), code, office, parent))
    return agencies


def register_csv(agencies: list[DemoAgency]) -> bytes:
    """The register in the project's own columns, UTF-8."""
    text = io.StringIO(newline="")
    rows = csv.DictWriter(text, REGISTER_COLUMNS)
    rows.writeheader()
    for agency in agencies:
        rows.writerow(
            {
                "agency_code": agency.agency_code,
                "name": agency.name,
                "parent_code": agency.parent_code,
                "level": agency.level,
                "active_from": agency.active_from,
                "active_to": agency.active_to,
                "channel": agency.channel,
                "expected_headcount": len(agency.people),
                "exempt_from": agency.active_from if agency.exempt_reason else None,
                "exempt_reason": agency.exempt_reason,
            }
        )
    return text.getvalue().encode()


def _make_agency(rng: Random, number: int, code: str, name: str, parent: str | None) -> DemoAgency:
    level = TOP_LEVEL if parent is None else TOP_LEVEL + 1 if code[7:9] == "00" else TOP_LEVEL + 2
    agency = DemoAgency(
        code,
        name,
        parent,
        level,
        _CHANNELS[number % len(_CHANNELS)],
        active_from=FORMED_ON if name == FORMED else _ALWAYS,
        active_to=ABOLISHED_ON if name == ABOLISHED else None,
        exempt_reason=EXEMPT_REASON if name == EXEMPT else None,
    )
    size = min(60, max(4, round(rng.lognormvariate(2.5, 0.7))))
    people = tuple(_make_person(rng, agency, number * 100 + n, first=n == 0) for n in range(size))
    return DemoAgency(**{**agency.__dict__, "people": people})


def _make_person(rng: Random, agency: DemoAgency, serial: int, *, first: bool) -> Person:
    woman = rng.random() < 1 / 2
    kind = rng.choices(("citizen", "resident", "old resident"), (94, 4, 2))[0]
    make_id = {"citizen": national_id, "resident": resident_id, "old resident": old_resident_id}[kind]
    letter = agency.agency_code[-1]
    types, shares = staff_of(letter)
    # The first person of an agency is there all the time, in its office: planned cases happen to them.
    employment_type = "civil_servant" if first else rng.choices(types, shares)[0]
    moves = "stays" if first else rng.choices(("stays", "joins", "leaves"), (94, 3, 3))[0]
    day = date(2021, rng.choice((3, 4, 5, 6)), rng.randrange(5, 25))
    terms = Terms(annual_leave_hours=_FIRST_ONES_LEAVE)
    if not first:
        # Format 1.0 has no unpaid leave: who is on it could only be left out.
        stays = moves == "stays" and agency.active_to is None and agency.format_version != "1.0"
        terms = terms_of(serial, letter, agency.name, employment_type, stays=stays)
    return Person(
        make_id(serial, woman=woman),
        full_name(rng),
        employment_type,
        woman,
        card=f"{serial:06d}",
        serial=serial,
        joined=day if moves == "joins" else agency.active_from if agency.active_from > _ALWAYS else None,
        left=day if moves == "leaves" else agency.active_to,
        terms=terms,
    )


def _letter(name: str) -> str:
    """The last character of an agency's code, by its name: nowhere else is a kind told by one."""
    return next((letter for word, letter in _LETTERS.items() if word in name), _OFFICE)
