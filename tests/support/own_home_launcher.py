"""Runs as on machines of their own: each is a process with a home folder of its own, empty when it begins.

What a Kubernetes job is to Dagster's chart, without Kubernetes.  Named in a test's `dagster.yaml`.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import dagster as dg
from dagster._core.launcher import LaunchRunContext, RunLauncher
from dagster._grpc.types import ExecuteRunArgs
from dagster._serdes import ConfigurableClass, ConfigurableClassData


class OwnHomeLauncher(RunLauncher, ConfigurableClass):
    """`homes` is the folder in which each run's home is made, named after the run."""

    def __init__(self, homes: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._homes = Path(homes)
        self._inst_data = inst_data
        super().__init__()

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        return {"homes": dg.StringSource}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        return cls(homes=config_value["homes"], inst_data=inst_data)

    def launch_run(self, context: LaunchRunContext) -> None:
        run = context.dagster_run
        home = self._homes / run.run_id
        home.mkdir(parents=True)
        arguments = ExecuteRunArgs(
            job_origin=context.job_code_origin, run_id=run.run_id, instance_ref=self._instance.get_ref()
        )
        program, *words = arguments.get_command_args()
        subprocess.Popen(
            [Path(sys.executable).with_name(program), *words],
            env={**os.environ, "ATTENDANCE_HOME": str(home)},
            stdin=subprocess.DEVNULL,
        )

    def terminate(self, run_id: str) -> bool:
        return False


def use_own_homes(dagster_yaml: Path, homes: Path) -> None:
    """Have the runs of this Dagster be launched so; the file is nobody's to write anew then."""
    _, _, ours = dagster_yaml.read_text(encoding="utf-8").partition("\n")
    launcher = f"run_launcher:\n  module: {__name__}\n  class: OwnHomeLauncher\n  config:\n    homes: {homes}\n"
    dagster_yaml.write_text(ours + launcher, encoding="utf-8")
