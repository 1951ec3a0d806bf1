"""Register files for tests, made of the few cells that a test is about."""

import csv
import io

GOVERNMENT = {
    "code": "機關代碼",
    "name": "機關名稱",
    "parent": "主管機關代碼",
    "begun": "機關生效日期",
    "abolished": "機關裁撤日期",
    "level": "機關層級",
    "mark": "裁撤註記",
    "successor_begun": "新機關生效日",
    "postal": "郵遞區號",
}


def government(*rows, encoding="cp950", extra=()):
    """The government's publication: each row by the keys of `GOVERNMENT`; `extra` adds columns of newer ones."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([*extra, *GOVERNMENT.values()])
    for row in rows:
        writer.writerow([""] * len(extra) + [row.get(key, "") for key in GOVERNMENT])
    return out.getvalue().encode(encoding)


def project(*rows):
    """The project's own columns: those that the rows name."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode("utf-8")


YUAN = {"code": "A00000000A", "name": "行政院", "parent": "A00000000A", "level": "1", "begun": "0000000"}
COUNTY = {"code": "376500000A", "name": "嘉義縣政府", "parent": "A00000000A", "level": "2", "begun": "0000000"}
TOWN = {"code": "376500100A", "name": "太保市公所", "parent": "376500000A", "level": "3", "begun": "0000000"}
SCHOOL = {"code": "376500101X", "name": "太保國小", "parent": "376500100A", "level": "4", "begun": "0990801"}
