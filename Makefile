# make demo   set everything up and show the main job
# make test   set everything up and pass every check and test
# make check  lint, types and import contracts alone

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test check format bench clean qt-libraries

demo: $(READY)
	$(BIN)/python -m tests.demo

test: check
	# Much of it is waiting, so there are more at once than processors. What fails while files share the machine
	# gets one more chance, alone; it is shown all the same.
	$(BIN)/python -m pytest -n 3 --dist loadfile || $(BIN)/python -m pytest --last-failed --last-failed-no-failures none

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY)
	$(BIN)/python -m tests.benchmarks

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist

$(READY): pyproject.toml
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable '.[server,claude,gui]' --group dev
	@$(BIN)/python -c 'import PyQt6.QtWidgets' 2>/dev/null || $(MAKE) --no-print-directory qt-libraries
	touch $@

# What Qt needs of the system, beside its wheel, to run without a screen.
QT_LIBRARIES := libgl1 libegl1 libxkbcommon0 libfontconfig1 libglib2.0-0 libdbus-1-3 fonts-dejavu-core

qt-libraries:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -q && apt-get install -qy --no-install-recommends $(QT_LIBRARIES); \
	else \
	  echo "The window's tests need Qt's libraries: sudo apt-get install $(QT_LIBRARIES)" >&2; exit 1; \
	fi
