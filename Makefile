# Two targets matter to a newcomer: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo demo-existing test slow lint docs api dist audit browser screenshots bench soak clean

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable ".[sandbox]" --group dev
	touch $@

demo: $(VENV)/.ready  ## the example site and IdentityX on localhost
	$(BIN)/python example_project/demo.py

demo-existing: $(VENV)/.ready  ## a site that had users before
	$(BIN)/python example_project/demo.py --site existing

# Rewriting what 139 files assert takes each worker five seconds; with bytecode kept, once.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(VENV)/.ready  ## the default suite
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadgroup $(ARGS)

slow: $(VENV)/.ready  ## what takes many seconds: whole sites, races of processes
	$(BIN)/python -m pytest -m slow $(ARGS)

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy tests/typed_site.py
	$(BIN)/pyright

# Of its own: what documents and releases the package decides nothing that the tests run with.
.venv-tools/.ready: pyproject.toml
	$(PYTHON) -m venv .venv-tools
	.venv-tools/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	.venv-tools/bin/python -m pip install --quiet --editable ".[sandbox,openapi]" \
		--group docs --group release
	touch $@

docs: .venv-tools/.ready  ## the documentation, in docs/_build/html
	.venv-tools/bin/sphinx-build -qWE --keep-going -b html docs docs/_build/html

api: .venv-tools/.ready  ## schemathesis against the example
	.venv-tools/bin/python .ci/try_api.py

# As old as the last commit, so that two builds are the same, byte by byte.
dist: export SOURCE_DATE_EPOCH := $(shell git log -1 --format=%ct 2>/dev/null || echo 1577836800)
dist: DIST ?= dist
dist: .venv-tools/.ready  ## wheel, sdist, and the list of what they are made with (SBOM)
	.venv-tools/bin/python -m build --outdir $(DIST) . >/dev/null
	rm -rf build/sbom && $(PYTHON) -m venv --without-pip build/sbom
	.venv-tools/bin/python -m pip --python build/sbom/bin/python install --quiet $(DIST)/*.whl
	.venv-tools/bin/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml \
		--output-file $(DIST)/sbom.cdx.json build/sbom/bin/python

audit: dist  ## known vulnerabilities of what the package needs
	.venv-tools/bin/python .ci/audit.py build/sbom/lib/python*/site-packages

browser: $(VENV)/.ready  ## the journeys in Chromium, with screenshots in artifacts/
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group browser
	$(BIN)/python -m pytest --ds=tests.browser.settings -m browser tests/browser $(ARGS)

screenshots: $(VENV)/.ready  ## what the browser run saw, into the documentation
	$(BIN)/python .ci/screenshots.py

# Of its own, so that other packages' pins never decide what the tests run with.
.venv-bench/.ready: pyproject.toml
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	.venv-bench/bin/python -m pip install --quiet --editable ".[sandbox]" --group bench
	touch $@

bench: .venv-bench/.ready  ## beside other packages, under load, and into docs/performance.md
	.venv-bench/bin/python benchmarks/hits.py
	.venv-bench/bin/python benchmarks/pages.py
	.venv-bench/bin/python benchmarks/load.py
	.venv-bench/bin/python benchmarks/growth.py
	.venv-bench/bin/python benchmarks/draw.py

soak: .venv-bench/.ready  ## minutes of trouble, counting wrong verdicts: make soak ARGS="--minutes 10"
	.venv-bench/bin/python benchmarks/headers.py
	.venv-bench/bin/python benchmarks/soak.py $(ARGS)

clean:
	rm -rf $(VENV) .venv-bench .venv-tools docs/_build dist build .pytest_cache .mypy_cache .ruff_cache
