# Every target does its own set-up: a Python (3.11 or later) and make are enough.
PYTHON ?= python3
WORKERS ?= 2
BIN := .venv/bin

.PHONY: install demo test proof mutations bench accuracy golden pictures terminal docs licences lint lock clean

install: .venv/.run

demo: .venv/.run
	$(BIN)/recon demo --out demo-out

# Bytecode is kept, whatever the environment says: the tests' many processes would compile everything again.
test: .venv/.dev lint
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -rs --durations=15 -m "not proof"

# Slow proofs, and every property on ten times as many examples as in the suite.
proof: .venv/.dev
	$(BIN)/python -m pytest -m "proof or hypothesis" --hypothesis-profile=proof

# Damaged inputs by family: tried, right, said, accusing, hiding, silent; it fails where one is silent.
mutations: .venv/.dev
	$(BIN)/python -m pytest -q -m "proof or not proof" tests/contract/test_mutations.py

# Each prints a table, measured side by side with a peer in one run; none of them is a test.
# Peers that need other libraries get an environment of their own from the script.
bench: bench-pull bench-night bench-store bench-memory bench-match bench-workbook bench-rulings bench-page bench-scale bench-masking

bench-%: .venv/.dev
	$(BIN)/python -m benchmarks.$*

accuracy: .venv/.dev
	$(BIN)/python -m benchmarks.accuracy

# The sheets of one small month as text, rewritten; `git diff tests/golden` is then reviewed like code.
golden: .venv/.dev
	$(BIN)/python -m tests.kit.golden

# Every page of the finance page as a picture, in headless Chromium; two of them go to docs/.
pictures: .venv/.dev
	$(BIN)/python -m tests.kit.pictures pictures-out

# What commands look like, for docs/terminal.md.
terminal: .venv/.dev
	$(BIN)/python -m tests.kit.terminal_page

# The documents as a site in docs-out/; a link that leads nowhere is an error.
docs: .venv/.dev
	$(BIN)/python -m sphinx -q -W --keep-going -b html -d docs-out/.doctrees docs docs-out
	@echo docs-out/index.html

# Every library that it runs with, and its licence.
licences: .venv/.run
	@$(BIN)/python .ci/licences

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "omise-recon needs Python 3.11 or later; say which with make PYTHON=python3.13" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; \
	  then apt-get update -qq && apt-get install -qq -y python3-venv; \
	  else echo "Python comes without its venv module here: install the package python3-venv, then call make again" >&2; \
	  exit 1; fi
	$(PYTHON) -m venv .venv

.venv/.run: .venv/bin/python requirements/run.txt pyproject.toml
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: .venv/.run requirements/dev.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

# The locks hold hashes and no address of a registry; uv writes them.
LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
  --no-annotate -q --upgrade
lock:
	$(LOCK) pyproject.toml requirements/build.in --extra postgres --extra queue --extra alerts --extra delivery --extra oidc --extra mysql -o requirements/run.txt
	$(LOCK) pyproject.toml requirements/build.in --extra dev -o requirements/dev.txt

clean:
	rm -rf .venv demo-out docs-out
