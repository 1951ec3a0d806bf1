"""What a role may do to which agency: the whole of the portal's authorisation, asked by `guard.py` on every request.

An operator may everything everywhere; a supervising authority sees itself and all below it, at every depth, in the
tree of the month that is asked for; everybody else is of one agency.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from warehouse.access.authorisations import AGENCY, AUTHORITY, HEAD, OPERATOR, ROLES, SUBMITTER, VIEWER, Held
from warehouse.register.agencies import RegisterAgencies
from warehouse.reports.selection import Reach


class Right(StrEnum):
    """What may be done to an agency's data."""

    VIEW = "view"
    SUBMIT = "submit"
    EXPLAIN = "explain"
    #: Authorise people of the agency, and issue its systems' tokens.
    GRANT = "grant"


_RIGHTS = {
    OPERATOR: frozenset(Right),
    AUTHORITY: frozenset({Right.VIEW}),
    AGENCY: frozenset(Right),
    HEAD: frozenset(Right),
    SUBMITTER: frozenset({Right.VIEW, Right.SUBMIT, Right.EXPLAIN}),
    VIEWER: frozenset({Right.VIEW}),
}
#: Role → the roles that its holders may grant.
GRANTED_BY = {
    OPERATOR: tuple(ROLES),
    AUTHORITY: (),
    AGENCY: (HEAD, SUBMITTER, VIEWER),
    HEAD: (SUBMITTER, VIEWER),
    SUBMITTER: (),
    VIEWER: (),
}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody signed in, with what stands of their authorisations today."""

    account: str
    holder: str
    csrf: str
    held: Sequence[Held]

    @property
    def actor(self) -> str:
        """How ledger and audit name them: by account, never by name."""
        return f"portal:{self.account}"


class Access:
    """What a visitor may, by the register.  Months are `YYYY-MM`; `this_month` where none is asked for."""

    def __init__(self, held: Sequence[Held], register: RegisterAgencies, this_month: str) -> None:
        self._held = held
        self._register = register
        self._this_month = this_month

    @property
    def everywhere(self) -> bool:
        """Whether every agency is theirs."""
        return any(one.role == OPERATOR for one in self._held)

    def may(self, right: Right, agency_code: str, month: str | None = None) -> bool:
        """Whether a right is theirs over an agency, as the tree stands in that month (ValueError where it is none)."""
        return any(right in _RIGHTS[one.role] and self._reaches(one, agency_code, month) for one in self._held)

    def own(self, right: Right) -> list[str]:
        """The agencies named in authorisations that give the right, in the order in which they were granted."""
        codes = [one.agency_code for one in self._held if right in _RIGHTS[one.role] and one.agency_code is not None]
        return list(dict.fromkeys(codes))

    def reach(self, right: Right) -> Reach:
        """Whose rows of a report the right gives, for the report's own query."""
        held = [one for one in self._held if right in _RIGHTS[one.role]]
        return Reach(
            everywhere=any(one.role == OPERATOR for one in held),
            authorities=tuple(
                dict.fromkeys(one.agency_code for one in held if one.role == AUTHORITY and one.agency_code is not None)
            ),
            agencies=tuple(self.own(right)),
        )

    def agencies(self, right: Right, month: str | None = None) -> list[str]:
        """Every agency over which the right is theirs, by code, of those in force in the month."""
        tree = self._register.tree(month or self._this_month)
        if any(one.role == OPERATOR and right in _RIGHTS[OPERATOR] for one in self._held):
            return sorted(tree.parents)
        return sorted(set(self._below(right, month)))

    def may_grant(self, agency_code: str | None) -> list[str]:
        """The roles that they may grant for an agency (None: the whole country), the most powerful first."""
        if agency_code is None:
            return [OPERATOR] if self.everywhere else []
        granted = {
            role
            for one in self._held
            if one.role == OPERATOR or one.agency_code == agency_code
            for role in GRANTED_BY[one.role]
        }
        return [role for role in ROLES if role in granted and role != OPERATOR]

    def _below(self, right: Right, month: str | None) -> Iterable[str]:
        tree = self._register.tree(month or self._this_month)
        for one in self._held:
            if right in _RIGHTS[one.role] and one.agency_code is not None:
                if one.role == AUTHORITY:
                    yield from tree.descendants_of(one.agency_code)
                yield one.agency_code

    def _reaches(self, one: Held, agency_code: str, month: str | None) -> bool:
        if one.role == OPERATOR or one.agency_code == agency_code:
            return True
        if one.role != AUTHORITY or one.agency_code is None:
            return False
        tree = self._register.tree(month or self._this_month)
        return agency_code in tree.parents and one.agency_code in tree.ancestors_of(agency_code)
