# Everything below sets itself up: python3, python3-venv and make are all that a fresh machine needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := env PYTHONDONTWRITEBYTECODE= $(BIN)/python

.PHONY: help demo test lint types walls check window-test system-test power-cuts commission-test bench mutants clean lock deb appliance-test

help:
	@echo "make demo         walk a session on the simulated treadmill"
	@echo "make test         the quick tests (under 3 minutes)"
	@echo "make check        lint, types and walls"
	@echo "make window-test  a real window, clicked through from attract to the belt"
	@echo "make system-test  the three processes over real BlueZ and a real GPIO device, in a small VM"
	@echo "make power-cuts   that machine's power cut twenty times while the record is written"
	@echo "make bench        the quick benchmarks"
	@echo "make mutants      mutation testing of the safety logic, in a copy (minutes; MUTANTS='hardware.guard.limits.*')"
	@echo "make deb          the appliance's package for both machines (dist/)"
	@echo "make appliance-test  install, upgrade, roll back and purge it in clean Debians; boot it in a VM (slow, root)"

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 13)))' || \
	  { echo "Retro Walk needs Python 3.11 to 3.13; this is $$($(PYTHON) --version). Name another one: make PYTHON=python3.11 ..."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "Python's venv module is missing. Install it with:  sudo apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

# A stamp over the locks: nothing is reinstalled until they change.
$(VENV)/.run: $(VENV)/.python requirements.lock pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . 2>/dev/null || \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

demo: $(VENV)/.run
	@$(BIN)/retrowalk demo

# Many tests wait on the real clock, so two cores have room for a third worker.
WORKERS := $(shell getconf _NPROCESSORS_ONLN | awk '{ print ($$1 < 3) ? 3 : $$1 }')

test: $(VENV)/.dev
	$(BIN)/python -m pytest -q -n $(WORKERS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

walls: $(VENV)/.dev
	$(BIN)/lint-imports

check: lint types walls

# The product in a real window (Xvfb), clicked through by xdotool from attract to the belt.
window-test: $(VENV)/.dev
	$(BIN)/python -m pytest -q -p no:xdist tests/window

# The three processes over real BlueZ and a real GPIO device. Builds its virtual machine once, in the user's cache.
system-test: $(VENV)/.dev
	$(BIN)/python -m pytest -q -p no:xdist tests/system

# The power of the same machine cut at random moments of writing: what was said to be on disk is there (5 minutes).
power-cuts: $(VENV)/.dev
	$(BIN)/python -m tests.bench.power_cuts --quick --machines

# Two treadmills commissioned over real BlueZ, six minutes each on the real clock: not in CI.
commission-test: $(VENV)/.dev
	$(BIN)/python -m tests.system.commissioning

# What CI runs of tests/bench; each is also `python -m tests.bench.NAME [--quick] [--json]`. BENCHES hold or fail;
# FIGURES print what this machine gave: a figure is no test.
BENCHES := whitelist decoders mischief seeded_bugs power_cuts bad_disk pin_force commissioning screen_commissioning \
  fuzz progression first_touch legibility
FIGURES := stop_path kills guard_process reconnect walk_frame million_sessions

bench: $(VENV)/.dev
	@for name in $(BENCHES); do echo "== $$name"; $(BIN)/python -m tests.bench.$$name --quick || exit 1; done
	@for name in $(FIGURES); do echo "== $$name"; $(BIN)/python -m tests.bench.$$name --quick || echo "($$name: see above)"; done

# The appliance: deploy/README.md.
deb: $(VENV)/.python
	@deploy/build_deb.sh amd64 dist
	@deploy/build_deb.sh arm64 dist

appliance-test: $(VENV)/.dev
	@tests/appliance/run.sh

# In a copy of what is committed, where `mutmut show NAME` shows one. What survives is judged in tests/mutants.md.
MUTANTS := *
mutants: $(VENV)/.dev
	@where=$$(mktemp -d) && git archive HEAD hardware kiosk tests assets pyproject.toml README.md LICENSE | tar x -C $$where && \
	  cd $$where && echo "in $$where" && nice -n 15 $(CURDIR)/$(BIN)/python -m tests.bench.mutants --only '$(MUTANTS)'

clean:
	rm -rf $(VENV) build dist .cache

lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q --group test --group lint -c requirements.lock pyproject.toml -o requirements-dev.lock
	uv pip compile --universal --python-version 3.13 --generate-hashes --no-emit-index-url --no-header -q tests/system/foreign/requirements.in -o tests/system/foreign/requirements.lock
