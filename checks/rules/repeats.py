"""Rules on what is given twice: R103, R111."""

import polars as pl

from checks.catalogue import RecordRule, always
from checks.findings import Severity, shown
from checks.model.submitted import CLOCKING_KINDS

#: Seconds from the earliest to the latest real time of the format (years 1 to 9999) need 39 bits, kinds 3, which
#: leaves 22 for persons: four million in a batch, twenty times what a batch holds.
_SECONDS_BITS, _KIND_BITS = 39, 3
_EPOCH_TO_YEAR_1 = 62_135_596_800


def _clocking_key() -> pl.Expr:
    """Person, second and kind in one number: finding repeats among integers is four times faster than by columns."""
    seconds = (pl.col("clocked_at").dt.epoch("s") + _EPOCH_TO_YEAR_1).cast(pl.UInt64)
    kind = pl.col("kind").cast(pl.Enum(CLOCKING_KINDS)).to_physical().cast(pl.UInt64)
    person = pl.col("person").cast(pl.UInt64)
    key: pl.Expr = (person * 2 ** (_SECONDS_BITS + _KIND_BITS)) + seconds * 2**_KIND_BITS + kind
    return key


R103 = RecordRule(
    id="R103",
    life=always(Severity.ERROR),
    title="紀錄編號重複",
    title_en="record_id used twice in one array",
    message="紀錄編號 {value} 在同一陣列中重複，請給每筆紀錄不同編號；第二筆起不入檔。",
    message_en="record_id {value} is used more than once in the array; every use but the first is refused.",
    why="編號是更正與說明的依據。Corrections and explanations hang on the id.",
    datasets=("leaves", "overtime"),
    field="record_id",
    fails=~pl.struct("document", "record_id").is_first_distinct(),
    value=shown(pl.col("record_id")),
    expected=pl.lit("陣列內唯一 unique in its array"),
)

R111 = RecordRule(
    id="R111",
    life=always(Severity.ERROR),
    title="刷卡紀錄重複",
    title_en="the same person, time and kind clocked twice",
    message="同一人、同一時間、同一刷卡別重複（{value}），請刪除重複的紀錄；第二筆起不入檔。",
    message_en="One person, time and kind is clocked more than once ({value}); every one but the first is refused.",
    why="重複匯出是常見的系統錯誤。Exporting twice is a common fault of systems.",
    note="`08:00` 與 `08:00:00` 是同一時間。`08:00` and `08:00:00` are the same time.",
    datasets=("clockings",),
    field="at",
    fails=~_clocking_key().is_first_distinct(),
    value=pl.format("{} {}", "at", "kind"),
    expected=pl.lit("每人同一時間同一刷卡別一筆 one of a kind"),
    unless=("R101",),
)

RULES = (R103, R111)
