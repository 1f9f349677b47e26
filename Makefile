# Two commands do all the set-up themselves:
#   make demo [DATA=folder]   the main job end to end, on faces it draws or on a folder of face images
#   make test                 the tests
# For those who change the project: make lint (ruff), make docs (the pages and an API reference, in work_dirs/docs).
# PYTHON=/path/to/python3.x names the interpreter to use; STACK=classic takes torch 2.1 and a compiled mmcv.
STACK ?= wheels
PYTHON ?=
DATA ?=
ARGS ?=

VENV_wheels = .venv
VENV_classic = .venv-classic
ifndef VENV_$(STACK)
$(error STACK=$(STACK): expected wheels or classic)
endif
BIN = $(VENV_$(STACK))/bin
# Threads of a training in the demo; the tests run in two processes of one.
export OMP_NUM_THREADS ?= 2

.PHONY: help env demo test test-faults lint docs doctor clean distclean

help:
	@sed -n '1,/^STACK/{/^#/s/^# \{0,1\}//p}' Makefile

env:
	@command -v "$(or $(PYTHON),python3)" > /dev/null || { echo "error: no $(or $(PYTHON),python3) here; what to do:" \
		"sudo apt install python3 python3-venv" >&2; exit 1; }
	@"$(or $(PYTHON),python3)" tools/setup_env.py --stack $(STACK) $(if $(PYTHON),--python "$(PYTHON)")

# Through the environment, so that neither make nor the shell reads anything into the folder's name.
demo: export FRA_DEMO_DATA = $(value DATA)
demo: env
	$(BIN)/python tools/demo.py $${FRA_DEMO_DATA:+--data "$$FRA_DEMO_DATA"} $(ARGS)

test: env
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests -n 2 $(ARGS)

test-faults: env
	$(BIN)/python -m pytest tests -m faults $(ARGS)

lint: env
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .

docs: env
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/docs.txt -c requirements/lock.txt
	$(BIN)/python -W ignore -m sphinx --fail-on-warning --keep-going --quiet -b html docs work_dirs/docs
	@echo "written: work_dirs/docs/index.html"

doctor: env
	@$(BIN)/python tools/doctor.py --all

clean:
	rm -rf build dist .pytest_cache .hypothesis
	find fra_plugin configs tools tests -name __pycache__ -prune -exec rm -rf {} +

# Also the environments, which take minutes to make again. work_dirs/ and data/ are yours: nothing here touches them.
distclean: clean
	rm -rf .venv .venv-classic .venv*.lock fra_plugin/.mim *.egg-info
