"""Rules on who a record is about: R101, R102, R112."""

import polars as pl

from checks.catalogue import RecordRule, always
from checks.findings import Severity, masked_person_id

EVERY_DATASET = ("employees", "leaves", "overtime", "clockings")

R101 = RecordRule(
    id="R101",
    life=always(Severity.ERROR),
    title="身分證號或居留證號不正確",
    title_en="person_id fails its checksum or form",
    message="證號 {value} 不符編碼規則或檢查碼錯誤，請核對後更正。",
    message_en="The ID {value} fails its form or checksum; check it and correct it.",
    why="證號錯一碼，就是另一個人的出勤。One wrong digit is another person's attendance.",
    datasets=EVERY_DATASET,
    field="person_id",
    fails=~pl.col("id_ok"),
    value=masked_person_id(pl.col("person_id")),
    expected=pl.lit("身分證統一編號或居留證號 national ID"),
)

R102 = RecordRule(
    id="R102",
    life=always(Severity.ERROR),
    title="人員不在員工名冊",
    title_en="person is not among the submission's employees",
    message="{value} 不在本檔 employees 名冊中，請補列該員或更正證號。",
    message_en="{value} is not among this file's employees; list the person or correct the ID.",
    why="名冊是人數報送率的依據。The roster is what the headcount ratio rests on.",
    note="名冊該列本身被退件者仍算在名冊中。Whose own row in the list is refused is on the list all the same.",
    datasets=("leaves", "overtime", "clockings"),
    field="person_id",
    fails=~pl.col("listed"),
    value=masked_person_id(pl.col("person_id")),
    expected=pl.lit("employees[].person_id"),
    unless=("R101",),
)

R112 = RecordRule(
    id="R112",
    life=always(Severity.ERROR),
    title="員工名冊重複列入同一人",
    title_en="a person listed twice in employees",
    message="{value} 在名冊中重複，請只保留一列；第二列起不入檔。",
    message_en="{value} is listed more than once; keep one row. Every row but the first is refused.",
    why="重複列名會使人數多計。A person counted twice inflates the headcount.",
    note="第一列因其他規則被退件時亦同。Every row but the first is refused, even where that one fails otherwise.",
    datasets=("employees",),
    field="person_id",
    fails=~pl.col("person").is_first_distinct(),
    value=masked_person_id(pl.col("person_id")),
    expected=pl.lit("每人一列 one row a person"),
    unless=("R101",),
)

RULES = (R101, R102, R112)
