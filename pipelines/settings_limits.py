"""Settings of the format check's limits: `ATTENDANCE_LIMITS__…` in the environment, or `[limits]` in the TOML file."""

from pydantic import BaseModel, ConfigDict, Field

from checks.limits import Limits


class LimitSettings(BaseModel):
    """What one document may hold at most (F009)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_bytes: int = Field(default=Limits().max_bytes, gt=0, description="單一檔案位元組上限 bytes of one document")
    max_depth: int = Field(
        default=Limits().max_depth, ge=3, description="巢狀層數上限 objects and arrays inside one another"
    )
    max_records: int = Field(default=Limits().max_records, gt=0, description="單一陣列筆數上限 records in one array")
