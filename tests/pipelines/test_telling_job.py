"""The notices' job and schedule: a run where there is something to tell, and a failed one where somebody must look."""

from dataclasses import replace
from datetime import datetime

import dagster as dg
import pytest

from pipelines.definitions import defs
from pipelines.telling_job import notices, tell_when_due
from tests.support.noticed import Clock, mail_config, noticed
from warehouse.deadlines import TAIPEI


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(tmp_path, clock, mail_server):
    made = noticed(tmp_path, clock, mail_config(tmp_path, mail_server.url))
    yield made
    made.engine.dispose()


def tick(opened) -> dg.RunRequest | dg.SkipReason:
    moment = datetime(2021, 7, 13, 8, 10, tzinfo=TAIPEI)
    return tell_when_due(dg.build_schedule_context(scheduled_execution_time=moment, resources={"platform": opened}))


def run(opened) -> dg.ExecuteInProcessResult:
    job = defs.resolve_job_def(notices.name)
    return job.execute_in_process(resources={"platform": opened}, raise_on_error=False)


def test_a_run_is_asked_for_where_there_is_something_to_tell_and_tells_it(opened, clock, mail_server):
    assert "沒有應發的通知" in tick(opened).skip_message
    clock.to(13)
    assert isinstance(tick(opened), dg.RunRequest)
    assert run(opened).success
    assert len(mail_server.taken) == 4
    assert isinstance(tick(opened), dg.SkipReason)


def test_without_a_way_nothing_is_asked_for(opened, clock):
    clock.to(13)
    assert "notices.smtp_url" in tick(replace(opened, notices=replace(opened.notices, smtp=None))).skip_message


def test_a_run_that_leaves_one_uncertain_fails_so_that_somebody_looks(opened, clock, mail_server):
    clock.to(13)
    answers = iter([""])
    mail_server.on_message = lambda _number: next(answers, None)
    assert not run(opened).success
    assert len(mail_server.taken) == 3
