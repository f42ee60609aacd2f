# The front door. Two commands matter: make run, make test.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
PY := .venv/bin/python
INSTALLED := .venv/installed
PACKAGERS := .venv/packagers
# Windows and children mostly wait: more workers than two cores, the files of slow tests first (tests/conftest.py).
PYTEST_ARGS ?= -n 3 --dist loadscope --no-loadscope-reorder
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test check tests test-long bench scores package package-lite package-test dist sample translations screenshots guide judging docs monkey reliability fuzz soak lock audit venv clean help

run: $(INSTALLED)  ## Open the window on the sample study; without a screen run its self-test
	@packaging/system-libraries.sh
	@packaging/run.sh

test: check tests  ## Everything that must pass: check, then all tests

check: $(INSTALLED)  ## Lint, format, types and the import rule
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports

tests: $(INSTALLED)  ## The tests alone; PYTEST_ARGS='-k scan' chooses some
	@packaging/system-libraries.sh
	QT_QPA_PLATFORM=$${QT_QPA_PLATFORM:-offscreen} $(PY) -m pytest $(PYTEST_ARGS)

test-long: $(INSTALLED)  ## What takes minutes: six real series judged by programs of others, random use
	@packaging/system-libraries.sh
	QT_QPA_PLATFORM=$${QT_QPA_PLATFORM:-offscreen} $(PY) -m pytest -m gate -n 2 --dist loadscope

bench: $(INSTALLED)  ## Time window and engine as ratios, writes docs/bench.md; COMPARE=1 fails on regressions, QUICK=1 tries it
	@packaging/system-libraries.sh
	$(PY) -m pip install --quiet --constraint constraints.txt onnx onnxruntime onnxscript
	$(PY) packaging/bench.py $(if $(COMPARE),--compare) $(if $(QUICK),--quick)

scores: $(INSTALLED)  ## Score every model; BENCH=FILE.npz names the slices
	@test -n "$(BENCH)" || { echo "Name the file of slices: make scores BENCH=path/to/val_bench.npz" >&2; exit 2; }
	mkdir -p out
	$(PY) -m brainsr_desktop.cli.main evaluate --bench "$(BENCH)" --models all --json out/bench.json --csv out/bench.csv

package: $(PACKAGERS)  ## The program that runs without Python, with torch: a folder and what the system installs, in dist/
	$(PY) packaging/build.py $(if $(QUICK),--quick)

package-lite: $(PACKAGERS)  ## The same with OpenVINO alone: smaller
	$(PY) packaging/build.py --flavour lite $(if $(QUICK),--quick)

package-test: $(PACKAGERS)  ## Try what make package built on a screen of its own; FLAVOUR=lite for the other. Root also installs the .deb
	$(PY) packaging/package_test.py --flavour $(or $(FLAVOUR),full)

dist: $(PACKAGERS)  ## Wheel and sdist, checked, in dist/
	rm -f dist/*.whl dist/*.tar.gz
	$(PY) -m build --quiet .
	$(PY) -m twine check --strict dist/*.whl dist/*.tar.gz

sample: $(INSTALLED)  ## Make the sample study anew; SOURCE=FOLDER holds the original slices
	@test -n "$(SOURCE)" || { echo "Name the folder of the original slices: make sample SOURCE=path" >&2; exit 2; }
	$(PY) packaging/make_sample.py "$(SOURCE)"

translations: $(INSTALLED)  ## Take new texts into resources/translations/*/*.po, compile them, say what is missing
	$(PY) packaging/translations.py

screenshots: $(INSTALLED)  ## Pictures of the window in every mode, theme, size and language, in out/screenshots
	@packaging/system-libraries.sh
	$(PY) packaging/screenshots.py out/screenshots

judging: $(INSTALLED)  ## The pictures and numbers of docs/judging.md, made by the program
	@packaging/system-libraries.sh
	$(PY) packaging/judging_pictures.py docs/judging

guide: $(INSTALLED)  ## The pictures of docs/guide.md
	@packaging/system-libraries.sh
	$(PY) packaging/guide_pictures.py

docs: $(INSTALLED)  ## The manual as web pages that need no network, in out/docs; warnings are errors
	$(PY) packaging/make_keys.py
	$(PY) packaging/make_pages.py
	$(PY) -m sphinx -q -W --keep-going -n -E -b html -c packaging/site -d out/docs-cache docs out/docs
	@echo "Open out/docs/index.html"

monkey: $(INSTALLED)  ## Five minutes of random keys, clicks, drags and wheels on the real window
	@packaging/system-libraries.sh
	QT_QPA_PLATFORM=offscreen BRAINSR_MONKEY_S=300 $(PY) -m pytest -m gate tests/end_to_end/test_monkey.py

reliability: $(INSTALLED)  ## Every fault of docs/reliability.md made for real, exports killed 20 times, 10,000 files
	@packaging/system-libraries.sh
	QT_QPA_PLATFORM=offscreen $(PY) packaging/reliability.py

fuzz: $(INSTALLED)  ## Damaged input for MINUTES=10; what goes wrong is kept in out/fuzz
	@packaging/system-libraries.sh
	$(PY) -m tests.faults.fuzzing.driver --minutes $(or $(MINUTES),10) $(if $(SEEDS),--more $(SEEDS))

soak: $(INSTALLED)  ## Random use for MINUTES=30 while children are killed, files vanish, disk and memory run out
	@packaging/system-libraries.sh
	QT_QPA_PLATFORM=$${QT_QPA_PLATFORM:-offscreen} BRAINSR_SOAK_S=$$((60 * $(or $(MINUTES),30))) \
	    $(PY) -m pytest -m soak --timeout 0 tests/end_to_end/test_soak.py

lock: $(INSTALLED)  ## Write requirements.lock: the versions of constraints.txt with the hashes of their files
	$(PY) packaging/lock.py

audit: $(INSTALLED)  ## The licences of what ships, then known weaknesses of the locked packages
	$(PY) packaging/check_licences.py
	$(PYTHON) packaging/audit.py

venv: $(INSTALLED)  ## The virtual environment in .venv with everything in it

# openvino asks for a telemetry package that nothing here needs.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
	    { echo "Python 3.11, 3.12 or 3.13 is needed; name one with: make PYTHON=python3.12" >&2; exit 1; }
	@test -x $(PY) || $(PYTHON) -m venv .venv || \
	    { rm -rf .venv; echo "Python's venv module is not complete. On Debian: sudo apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing the packages into .venv; this takes some minutes the first time"
	$(if $(LOCKED),$(PY) -m pip install --quiet --require-hashes --requirement requirements.lock)
	$(PY) -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	$(PY) -m pip uninstall --quiet --yes openvino-telemetry
	@touch $@

$(PACKAGERS): $(INSTALLED)
	$(PY) -m pip install --quiet --constraint constraints.txt --editable '.[package]'
	$(PY) -m pip uninstall --quiet --yes openvino-telemetry
	@touch $@

clean:  ## Delete the environment and whatever was made
	rm -rf .venv build dist out .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

help:  ## This list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1|\2/p' Makefile | while IFS='|' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done
