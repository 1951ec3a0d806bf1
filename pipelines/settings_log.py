"""Settings of the log: where its lines go, and what they look like."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from warehouse.journal import JournalConfig

STANDARD_ERROR = "-"


class LogSettings(BaseModel):
    """The log of everything that the platform does, one event a line."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["json", "text"] = Field(default="json", description="日誌格式 lines of the log: json or text")
    file: str = Field(
        default="logs/attendance.log", description="日誌檔 the log's file, which rotates; - is standard error"
    )

    def config(self, home: Path) -> JournalConfig:
        """The same, with a relative file taken from the home folder."""
        return JournalConfig(self.format, None if self.file == STANDARD_ERROR else home / Path(self.file).expanduser())
