"""`[webhr]` of `sources.toml`: the subsystems, the agencies that each holds, and what their tables and codes mean."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from assets.channels.config import ChannelSettings, exactly_one
from assets.channels.p2k.installation import EmploymentTypes, Installation, normalised
from assets.channels.p2k.records import CodeMaps
from assets.channels.protocol import AGENCY_PATTERN
from warehouse.secret_types import SecretAddress

AgencyCode = Annotated[str, StringConstraints(pattern=f"^{AGENCY_PATTERN}$")]
LeaveType = Annotated[str, StringConstraints(pattern=r"^\d{2}$")]
LeaveTypes = Annotated[dict[str, LeaveType], AfterValidator(normalised)]


class SubsystemSettings(Installation):
    """`[webhr.subsystems.NAME]`: a database, the agencies that it holds, and what its tables and codes mean."""

    url: SecretAddress | None = None
    url_env: str | None = None
    url_file: Path | None = None
    agencies: tuple[AgencyCode, ...] = Field(min_length=1)
    encoding: Literal["utf-8", "cp950"] = "utf-8"
    db_schema: str | None = Field(default=None, alias="schema")
    version: str = Field(default="P2K", min_length=1, max_length=40)
    confirmed: frozenset[str] = frozenset({"已簽核", "審核完成"})
    leave_types: LeaveTypes
    trip_types: LeaveTypes = Field(default_factory=dict)
    default_trip_type: LeaveType = "05"
    employment_types: EmploymentTypes = Field(default_factory=dict)
    year_kinds: EmploymentTypes = Field(default_factory=dict)
    default_employment_type: Literal["civil_servant", "teacher", "contract", "labour", "other"] = "other"

    @model_validator(mode="after")
    def _one_url(self) -> "SubsystemSettings":
        exactly_one(("url", "url_env", "url_file"), self.url, self.url_env, self.url_file)
        return self

    @model_validator(mode="after")
    def _own_agencies(self) -> "SubsystemSettings":
        if strangers := self.reports_nothing_of.keys() - set(self.agencies):
            raise ValueError(f"reports_nothing_of: {min(strangers)} is not among the agencies 不在 agencies 之列")
        return self

    def maps(self) -> CodeMaps:
        """Give what the codes mean."""
        return CodeMaps(
            leave_types=self.leave_types,
            trip_types=self.trip_types,
            default_trip_type=self.default_trip_type,
            employment_types=self.employment_types,
            year_kinds=self.year_kinds,
            default_employment_type=self.default_employment_type,
            confirmed=self.confirmed,
        )


class WebHrSettings(ChannelSettings):
    """`[webhr]`: the subsystems; seconds to connect, for one query, for all of one subsystem; bytes of one document."""

    connect_seconds: int = Field(default=10, ge=1)
    query_seconds: int = Field(default=300, ge=1)
    subsystem_seconds: float = Field(default=3600, gt=0)
    max_bytes: int = Field(default=256 * 1024 * 1024, ge=1)
    subsystems: dict[str, SubsystemSettings] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _each_agency_once(self) -> "WebHrSettings":
        agencies = [agency for subsystem in self.subsystems.values() for agency in subsystem.agencies]
        if repeated := {agency for agency in agencies if agencies.count(agency) > 1}:
            raise ValueError(f"{min(repeated)} is in more than one place 機關重複設定")
        return self
