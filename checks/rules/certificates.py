"""Rules on certificates (證明文件): W208.  A finding says that one is missing, never what it would be of."""

import polars as pl

from checks.catalogue import RecordRule, Text, always
from checks.closures import WHOLE_DAY
from checks.findings import Severity
from checks.leave_types import LeaveTypes
from checks.working_time import WorkingTime


def certificate_missing(leave_types: LeaveTypes) -> RecordRule:
    """W208 over the given table of leave types, which says which need one, and from how many days on."""
    from_days = leave_types.certificate_from_days(pl.col("leave_type"), pl.col("first_day"))
    return RecordRule(
        id="W208",
        life=always(Severity.WARNING),
        whom=Text("來源系統記載是否檢附證明者", "records whose source says whether there is a certificate"),
        title="未附證明",
        title_en="certificate missing",
        message="請假 {value} 應附證明而註記為未附，請補附或更正 certificate；屬實者請說明。",
        message_en="The leave {value} needs a certificate and says that there is none; add it or correct "
        "`certificate`, or explain.",
        why="娩假、流產假、陪產假、延長病假、捐贈假及 2 日以上病假須有證明。These leaves are granted on a certificate.",
        note=(
            "病假 2 日以上：時數達 16 小時，或於相連之上班日逐日請假合計達之。certificate 為 null 者不評估。Sick "
            "leave of two working days or more: of 16 hours, also by single leaves on working days that follow one "
            "another, taken together. Where `certificate` is null it is not evaluated."
        ),
        datasets=("leaves",),
        field="certificate",
        fails=~pl.col("certificate") & (pl.col("spell_hours") >= from_days * WHOLE_DAY),
        value=pl.format("{} {}～{}", "leave_type", "start", "end"),
        expected=pl.lit("certificate: true"),
        unless=("R104", "R107"),
        of_records_let_in=True,
        unknown=(
            (
                Text("來源系統未記載是否檢附證明", "the source does not say whether there is a certificate"),
                pl.col("certificate").is_null() & (pl.col("spell_hours") >= from_days * WHOLE_DAY),
            ),
        ),
    )


def with_spells(leaves: pl.DataFrame, work: WorkingTime, leave_types: LeaveTypes) -> pl.DataFrame:
    """Adds `spell_hours`: the hours of a leave with those of its type that follow it without a working day between.

    Null for types that never need a certificate.  Days whose working hours are not known are not taken for days off.
    """
    asking = leave_types.periods.filter(pl.col("certificate_from_days").is_not_null())["code"].unique()
    own = leaves.filter(~pl.col("refused") & pl.col("leave_type").is_in(asking.implode()))
    ordered = own.sort("person", "leave_type", "start_at", "index")
    previous = pl.col("last_day").shift().over("person", "leave_type")
    ordered = ordered.with_columns(after=previous.dt.offset_by("1d"), eve=pl.col("first_day").dt.offset_by("-1d"))
    some = ordered.filter(pl.col("after").is_not_null())
    between = work.hours_over(some["person"], some["after"], some["eve"])
    follows = (between == 0) | (some["eve"] < some["after"])
    begins = ordered["after"].is_null().to_numpy().copy()
    begins[ordered["after"].is_not_null().to_numpy()] = ~follows.fill_null(value=False).to_numpy()
    spells = ordered.with_columns(spell=pl.Series(begins).cum_sum()).select(
        "document", "index", spell_hours=pl.col("hours").sum().over("spell")
    )
    return leaves.join(spells, on=["document", "index"], how="left", maintain_order="left")
