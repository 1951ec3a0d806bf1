"""What building the package checks first: hatchling leaves a listed package that is absent out without a word."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class EveryPackageIsThere(BuildHookInterface[Any]):
    """Runs before every build of the wheel, an editable one too."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 — hatchling's own signature
        """Raises FileNotFoundError where a package of pyproject.toml is absent."""
        listed: list[str] = self.build_config.packages
        absent = [name for name in listed if not (Path(self.root) / name / "__init__.py").is_file()]
        if absent:
            raise FileNotFoundError(
                f"pyproject.toml lists packages that are not in {self.root}: {', '.join(absent)}; copy them there"
            )
