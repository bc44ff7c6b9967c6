# `make help` lists what there is. Everything is installed into .venv; nothing outside this folder changes,
# but for the Debian packages that `make test` installs as root.

PYTHON ?= python3
PORT ?= 8000
DATA_DIR ?= demo-data
STUDENTS ?= 0

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench faults clean clean-data

help: ## Show this list
	@echo "make demo   a whole JupyterHub with a class, on this machine alone"
	@echo "            settings: PORT=$(PORT) DATA_DIR=$(DATA_DIR) STUDENTS=$(STUDENTS) (simulated students)"
	@echo "make test   all checks and tests, with one line for each part"
	@echo "make lint   the checks without the tests"
	@echo "make bench  the benchmarks"
	@echo "make faults COUNT=500 schedules of kills and cuts on a whole hub; SEED=n repeats one"
	@echo "make clean  remove what was installed and built; make clean-data removes $(DATA_DIR)"

demo:
	@$(PYTHON) scripts/setup.py demo
	@exec .venv/bin/python -m jupyter_cell_monitor_server.cli demo --port "$(PORT)" --data-dir "$(DATA_DIR)" --students "$(STUDENTS)"

test:
	@$(PYTHON) scripts/setup.py test
	@exec .venv/bin/python scripts/check.py

lint:
	@$(PYTHON) scripts/setup.py test
	@exec .venv/bin/python scripts/check.py lint

bench:
	@$(PYTHON) scripts/setup.py test
	@.venv/bin/python -m benchmarks.ingest
	@.venv/bin/python -m benchmarks.live
	@.venv/bin/python -m benchmarks.flood
	@.venv/bin/python -m benchmarks.browser_live
	@.venv/bin/python -m benchmarks.recorder
	@.venv/bin/python -m benchmarks.wire

faults:
	@$(PYTHON) scripts/setup.py test
	@cd tests && COUNT="$(COUNT)" FIRST="$(FIRST)" SEED="$(SEED)" exec ../.venv/bin/python -m faults

clean:
	rm -rf .venv dist build test-results .mypy_cache .pytest_cache .ruff_cache .hypothesis
	rm -rf jupyter_cell_monitor_server/labextension jupyter_cell_monitor_server/service/page
	rm -rf labextension/node_modules labextension/lib labextension/coverage labextension/.yarn
	rm -rf teacher-page/node_modules teacher-page/dist teacher-page/coverage
	find . -name '*.tsbuildinfo' -delete
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

clean-data:
	@test ! -e "$(DATA_DIR)" || test -e "$(DATA_DIR)/cell-monitor.sqlite" || { echo "$(DATA_DIR) is no data folder of a demo."; exit 1; }
	rm -rf -- "$(DATA_DIR)"
