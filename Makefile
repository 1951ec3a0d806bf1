# The project's commands.  `make` alone lists them; all of them work in a fresh clone.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# Made anew when requirements.lock or pyproject.toml changes, and only then.
STAMP := $(VENV)/.installed
ARGS ?=
# Compiled modules are kept, whatever the environment says (images often forbid it): the tests alone start hundreds of
# processes, and each would compile all that it imports once more, 3 s of its 4.
export PYTHONDONTWRITEBYTECODE :=
# One more than there are cores: tests of servers and daemons wait for much of their time.
SIDE_BY_SIDE := -q --durations=30 -n $(shell echo $$(( $$(nproc) + 1 ))) --dist worksteal
# Homes of tests lie in memory where it has room (tmpfs).  On a disk every ledger, landing and warehouse waits for it (a
# publication: 0.3 s of work, 2–3 s on a busy disk), and no test proves anything of a power cut, which that is for.
ROOMY := $(shell df --block-size=1G --output=avail /dev/shm 2>/dev/null | awk 'NR == 2 && $$1 >= 8 {print "/dev/shm"}')

.PHONY: help
help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(STAMP) ## a small country: three channels, three months, the reports
	@$(BIN)/attendance demo $(ARGS)

.PHONY: demo-servers
demo-servers: $(STAMP) ## the demo's WebITR servers again, for another pull; Ctrl-C ends them
	@exec $(BIN)/attendance demo --serve

# Over the demo where nobody has said otherwise and there is nothing else; nothing of a demo runs by itself.
.PHONY: dagster
dagster: $(STAMP) ## Dagster's pages over ATTENDANCE_HOME (default ./data, or the demo's); Ctrl-C ends them
	@if [ -z "$${ATTENDANCE_HOME:-}$${ATTENDANCE_SETTINGS:-}" ] && [ ! -d data ] && [ -d demo-data/demo ]; then \
	    export ATTENDANCE_HOME=demo-data; \
	  fi; \
	  umask 077; DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS=1 ASSET_BACKFILL_CURSOR_OFFSET=10000 \
	  DAGSTER_HOME="$$($(BIN)/python -m pipelines.dagster_home)" \
	  exec $(BIN)/python -m pipelines.signals $(BIN)/dagster dev -w workspace.yaml $(ARGS)

# The demo is made where it is not there yet, and has a single sign-on of its own (portal/demo/); ATTENDANCE_HOME shows
# another installation by its own settings.
.PHONY: portal
portal: $(STAMP) ## the portal over the demo's data, or ATTENDANCE_HOME's; Ctrl-C ends it
	@if [ -n "$${ATTENDANCE_HOME:-}" ]; then exec $(BIN)/python -m portal $(ARGS); fi; \
	  test -d demo-data/demo || $(BIN)/attendance demo >/dev/null; \
	  ATTENDANCE_HOME=demo-data exec $(BIN)/python -m portal.demo $(ARGS)

.PHONY: test
test: $(STAMP) system ## all tests, side by side; ARGS="-n 2 tests/checks" is passed to pytest instead
	@$(if $(ROOMY),TMPDIR="$${TMPDIR:-$(ROOMY)}" )$(BIN)/python -m pytest $(or $(ARGS),$(SIDE_BY_SIDE))

# What it comes upon stays in .fuzz/, and an input that fails as .fuzz/crash-…; keep that one in tests/fuzz/corpus/.
.PHONY: fuzz
fuzz: $(STAMP) ## the JSON reader against any bytes (atheris); ARGS="-max_total_time=480", any of libFuzzer's
	@mkdir -p .fuzz/corpus
	@$(BIN)/python -m tests.fuzz .fuzz/corpus tests/fuzz/corpus -dict=tests/fuzz/json.dict -artifact_prefix=.fuzz/ $(ARGS)

# As root, with buildah and debootstrap, which are installed where they are missing; not part of CI.
.PHONY: image
image: $(STAMP) ## the container image attendance:dev (deploy/Containerfile), by buildah, and what is in it
	@bash deploy/image.sh

.PHONY: image-test
image-test: $(STAMP) ## in that image: the demo, the doctor, the portal answering, the code location loading
	@bash tests/image.sh

.PHONY: lint
lint: $(STAMP) ## ruff: rules and layout
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

.PHONY: types
types: $(STAMP) ## mypy, strict
	@$(BIN)/mypy

.PHONY: contracts
contracts: $(STAMP) ## which package may import which (import-linter)
	@$(BIN)/lint-imports

.PHONY: bench
bench: $(STAMP) ## the national month: time and memory, beside DuckDB's unchecked way
	@$(BIN)/python benchmarks/national.py $(ARGS)

.PHONY: faults
faults: $(STAMP) system ## kill -9, full disks, two runs at once, clocks going back; ARGS="--kills 200 --seed 1"
	@$(BIN)/python benchmarks/faults.py $(ARGS)

.PHONY: setup
setup: $(STAMP) system ## the virtual environment, from requirements.lock, and what tests need of the system

.PHONY: system
system:
	@bash tests/system_packages.sh

.PHONY: lock
lock: $(STAMP) ## requirements.lock and deploy's, anew from pyproject.toml (ARGS="--upgrade" to move versions)
	@$(BIN)/uv pip compile --quiet pyproject.toml --group dev --universal --generate-hashes --no-emit-index-url --no-header \
	  --output-file requirements.lock $(ARGS)
	@$(BIN)/uv pip compile --quiet pyproject.toml --extra kubernetes --constraint requirements.lock --universal \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header --output-file deploy/requirements.lock

# uv takes 8 s where pip takes 60, so pip installs uv alone, at the lock's own version and hashes.  uv does not read
# pip's settings; where the packages come by those alone (a closed network's mirror), pip does the rest too.
$(STAMP): requirements.lock pyproject.toml
	@command -v "$(PYTHON)" >/dev/null && "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 is needed and '$(PYTHON)' is not it: install it, or say where: make PYTHON=/path/to/python3.11 setup" >&2; exit 2; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@awk '/^[a-z]/ {wanted = /^uv==/} wanted' requirements.lock > $(VENV)/uv.lock
	@echo "installing requirements.lock into $(VENV)" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(VENV)/uv.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r requirements.lock || \
	  { echo "uv could not; pip tries with its own settings" >&2; \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
