# Two targets matter to a newcomer: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test lint docs browser bench soak clean

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable ".[sandbox]" --group dev
	touch $@

demo: $(VENV)/.ready  ## the example site and IdentityX on localhost
	$(BIN)/python example_project/demo.py

test: $(VENV)/.ready  ## the default suite
	$(BIN)/python -m pytest $(ARGS)

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
	.venv-tools/bin/sphinx-build -qW --keep-going -b html docs docs/_build/html

browser: $(VENV)/.ready  ## the journeys in Chromium, with screenshots in artifacts/
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group browser
	$(BIN)/python -m pytest --ds=tests.browser.settings -m browser tests/browser $(ARGS)

# Of its own, so that other packages' pins never decide what the tests run with.
.venv-bench/.ready: pyproject.toml
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	.venv-bench/bin/python -m pip install --quiet --editable ".[sandbox]" --group bench
	touch $@

bench: .venv-bench/.ready  ## verification beside other packages, and under load
	.venv-bench/bin/python benchmarks/hits.py
	.venv-bench/bin/python benchmarks/load.py

soak: .venv-bench/.ready  ## minutes of trouble, counting wrong verdicts: make soak ARGS="--minutes 10"
	.venv-bench/bin/python benchmarks/headers.py
	.venv-bench/bin/python benchmarks/soak.py $(ARGS)

clean:
	rm -rf $(VENV) .venv-bench .venv-tools docs/_build dist build .pytest_cache .mypy_cache .ruff_cache
