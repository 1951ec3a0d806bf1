"""What is kept and whether it is sound: audit, landing, published files, disk, register, notices, the last doctor."""

import os
from collections.abc import Iterator
from importlib.metadata import version

import dagster as dg
from prometheus_client.core import InfoMetricFamily
from sqlalchemy import func, select

from pipelines.metrics.part import PREFIX, Family, Looked, gauge, single
from warehouse import doctor_record
from warehouse.ledger import outbox
from warehouse.ledger.audit import AuditEntry, head, stands
from warehouse.ledger.engine import reading
from warehouse.ledger.models import Submission
from warehouse.ledger.outbox import Notice
from warehouse.publish.manifest import Manifest


def build(looked: Looked) -> Iterator[Family]:
    """Which program this is."""
    family = InfoMetricFamily(f"{PREFIX}build", "本程式 This program")
    said = {"version": version("attendance-platform"), "rule_set": looked.platform.rule_set, "dagster": dg.__version__}
    family.add_metric([], said)
    yield family


def audit(looked: Looked) -> Iterator[Family]:
    """The audit's newest row, and whether the row that the newest publishing noted is still what it was."""
    anchor = Manifest.load(looked.platform.home.published).audit
    with reading(looked.platform.engine) as session:
        newest, holds = head(session), anchor is None or stands(session, anchor)
    yield single("audit_head", "稽核紀錄末列序號 Number of the audit's newest row", newest.seq)
    said = "最近發布所記之稽核列是否仍在 1 where the row that the newest publishing noted is unchanged"
    yield single("audit_anchor_holds", said, holds)


def notices(looked: Looked) -> Iterator[Family]:
    """Notices by state, and how long the oldest has waited to go out."""
    family = gauge("notices", "通知則數 Notices by state", ["state"])
    oldest = select(func.min(Notice.queued_at)).where(Notice.state == outbox.QUEUED)
    with reading(looked.platform.engine) as session:
        counts, since = outbox.counts(session), session.scalar(oldest)
    for state in outbox.STATES:
        family.add_metric([state], counts.get(state, 0))
    yield family
    seconds = (looked.now - since).total_seconds() if since else 0
    yield single("oldest_notice_seconds", "最早一則待送通知之秒數 How long the oldest notice waits", max(0, seconds))


def disk(looked: Looked) -> Iterator[Family]:
    """The file system of the home folder."""
    found = os.statvfs(looked.platform.home.root)
    yield single("disk_size_bytes", "磁碟容量 Size of the home folder's file system", found.f_blocks * found.f_frsize)
    yield single("disk_free_bytes", "磁碟可用空間 What of it is free to us", found.f_bavail * found.f_frsize)


def kept(looked: Looked) -> Iterator[Family]:
    """What landed, by the ledger; what is published, by its files; when the register was last imported."""
    one_each = select(Submission.id, func.max(Submission.bytes).label("bytes")).group_by(Submission.id).subquery()
    imported = select(func.max(AuditEntry.at)).where(AuditEntry.action == "register_imported")
    with reading(looked.platform.engine) as session:
        documents, size = session.execute(select(func.count(), func.sum(one_each.c.bytes))).one()
        register = session.scalar(imported)
    yield single("landing_documents", "收檔區文件數 Documents in landing, by the ledger", documents)
    yield single("landing_bytes", "收檔區位元組 Bytes of them, before encryption", size or 0)
    folder = looked.platform.home.published
    files = {folder / copy.file for copy in Manifest.load(folder).all()}
    there = [file.stat().st_size for file in files if file.is_file()]
    yield single("published_bytes", "發布檔位元組 Bytes of the reading copies in use", sum(there))
    if register is not None:
        said = "機關代碼檔最近一次匯入 When the register was last imported"
        yield single("register_imported_timestamp_seconds", said, register.timestamp())


def doctor(looked: Looked) -> Iterator[Family]:
    """What `attendance doctor` last found on this machine."""
    last = doctor_record.last(looked.platform.home.root)
    at = last.at.timestamp() if last else 0
    yield single("doctor_timestamp_seconds", "最近一次健檢 When the doctor last looked; 0: never", at)
    yield single("doctor_faults", "最近一次健檢之缺失 What it found wrong", len(last.faults) if last else 0)
