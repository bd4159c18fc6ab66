# One command for each thing one does here; `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -e -o pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:
# Two notebooks at a time: each keeps one core busy, and they may share a run. But of
# several goals, as in `make clean book`, one comes after the other.
ifeq ($(words $(MAKECMDGOALS)),1)
MAKEFLAGS += -j2
else
.NOTPARALLEL:
endif
.DEFAULT_GOAL := help

PROFILE ?= mini
RUN ?= default
PARAMS ?=
ARGS ?=
PORT ?= 8000
BIN := .venv/bin
INSTALLED := .venv/installed

# `book` publishes the profile `mini` under the run name `default`.
# The order of the chapters stands in _toc.yml alone.
NOTEBOOKS := $(shell sed -n 's|.*file: \(notebooks/.*\)|\1.py|p' _toc.yml)
OUT := _build/executed/mini/default
EXECUTED := $(NOTEBOOKS:notebooks/%.py=$(OUT)/%.ipynb)
# These two report on the others, so they run after them.
REPORTING := %/status.ipynb %/claims.ipynb
CHAPTERS := $(filter-out $(REPORTING),$(EXECUTED))
STATUS := $(filter $(REPORTING),$(EXECUTED))
# Each writes src/cocofacet/results/benchmarks/<name>.json.
MEASURED := $(sort $(filter-out %/machine.py %/real_size.py %/sizes.py %/on_gpu.py,\
	$(wildcard benchmarks/*.py)))
# What a notebook's numbers depend on besides its own text.
HELPER := $(shell find src -type f -not -name '*.pyc' -not -path '*.egg-info/*' \
	-not -name '.*') notebooks/profiles/mini.yaml tools/execute.py \
	tools/make_notebooks.py
PAGES := _config.yml _toc.yml $(shell find book -type f -not -name '*.pyc' \
	-not -name '.*' -not -path 'book/api*' -not -path 'book/figures*')

help: ## this list
	@echo "make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z-]*\):.*## /  \1|/p' $(MAKEFILE_LIST) | \
	  awk -F'|' '{ printf "%-13s %s\n", $$1, $$2 }'

book: _build/html.stamp ## run the notebooks that changed, build the book, say where it is
	@$(BIN)/python tools/headline.py

test: $(INSTALLED) ## every test; the browser's are skipped where there is no browser or book
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -rs -n 2 --dist loadfile \
	  --no-loadscope-reorder $(ARGS)

check-more: _build/html.stamp ## what takes longer: whole rehearsals, every rendering of every page
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -rs -m more -n 2 --dist loadfile \
	  --no-loadscope-reorder $(ARGS)

test-book: _build/html.stamp ## only the tests that open the built book in a browser
	$(BIN)/python -m pytest -rs tests/book/test_book.py $(ARGS)

lint: $(INSTALLED) ## style, common mistakes, and the levels of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

notebooks: $(INSTALLED) ## a paired .ipynb beside each .py, not run: for papermill or Jupyter
	$(BIN)/python tools/make_notebooks.py

# The published run is kept up to date by what changed; any other run is a request.
ifeq ($(PROFILE)/$(RUN)/$(strip $(PARAMS)),mini/default/)
execute: $(CHAPTERS) $(STATUS) ## run the notebooks: PROFILE=mini RUN=a PARAMS="seed=1"
else
execute: $(INSTALLED)
	$(BIN)/python tools/execute.py --profile $(PROFILE) --run $(RUN) \
	  $(foreach pair,$(PARAMS),-p $(pair))
endif

# What chapters read and no run of the book makes. SEED names the training seed.
SEED ?= 0
TRAINED := data/checkpoints/seed$(SEED)
RATES := data/caption-rates-$(SEED)
TRAIN := $(BIN)/python -m training
# The training is not installed, so what imports it is told where it lies.
KINDS := PYTHONPATH=. $(BIN)/python studies/kinds.py
studies: $(INSTALLED) ## train with SEED=0 and rank what chapters read beforehand: five hours
	$(TRAIN) clip --seed $(SEED) --out $(TRAINED)/tiny-clip
	$(TRAIN) warmup --seed $(SEED) --out $(TRAINED)/warmup
	for variant in tiny-qwen2vl tiny-qwen2vl-unasked tiny-qwen2vl-noquestion \
	    tiny-qwen2vl-worded; do \
	  $(TRAIN) contrast --seed $(SEED) --variant $$variant \
	    --warmup $(TRAINED)/warmup --out $(TRAINED)/$$variant || exit 1; \
	done
	$(TRAIN) warmup --seed $(SEED) --base llava --out $(TRAINED)/llava-warmup
	$(TRAIN) contrast --seed $(SEED) --variant tiny-llava \
	  --warmup $(TRAINED)/llava-warmup --out $(TRAINED)/tiny-llava
	$(BIN)/python studies/rank_seeds.py data/checkpoints
	$(BIN)/python studies/rank_levels.py data/checkpoints
	$(TRAIN) caption-rates --seed $(SEED) --out $(RATES) --record $(RATES)
	$(BIN)/python studies/rank_caption_rates.py $(RATES)
	$(KINDS) shared --one-thing 0 --out data/kinds-first
	$(KINDS) shared --out data/kinds
	$(KINDS) arm --kinds 32 --out data/kinds
	$(KINDS) gate --out data/kinds
	$(BIN)/python studies/rank_kinds.py data/kinds --first data/kinds-first

# CUT=1 for the smallest part of it; REHEARSED=DIR for where it is to lie.
rehearse: $(INSTALLED) ## `full` and `colab` on random weights from a loopback hub: CUT=1
	$(BIN)/python -m rehearsal $(if $(CUT),--cut) $(if $(REHEARSED),--out $(REHEARSED))

benchmarks: $(INSTALLED) ## measure times and memory here, into src/cocofacet/results: 5 minutes
	@for script in $(MEASURED); do \
	  echo "== $$script"; $(BIN)/python $$script || exit 1; \
	done

on-gpu: $(INSTALLED) ## measure on a data-centre GPU, at real sizes: under ten minutes
	PYTHONPATH=. $(BIN)/python benchmarks/on_gpu.py

serve: _build/html.stamp ## read the built book on this machine: PORT=8000
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

lock: $(INSTALLED) ## resolve the packages again and write both locks: needs uv
	$(BIN)/python tools/lock.py $(ARGS)

clean: ## remove what was built, rendered and computed; keep .venv
	rm -rf _build book/figures data/{mini,smoke} results/{mini,smoke} notebooks/*.ipynb

$(CHAPTERS): $(OUT)/%.ipynb: notebooks/%.py $(HELPER) | $(INSTALLED)
	$(BIN)/python tools/execute.py $<

# It measures time, so nothing runs beside it.
ALONE := $(OUT)/one_pass.ipynb
$(ALONE): | $(filter-out $(ALONE),$(CHAPTERS))

# It reports on the other one, too.
$(OUT)/status.ipynb: $(OUT)/claims.ipynb

# Pages that read runs that are committed.
$(OUT)/results.ipynb $(STATUS): $(wildcard results/full/*/*)

$(STATUS): $(OUT)/%.ipynb: notebooks/%.py $(CHAPTERS) | $(INSTALLED)
	$(BIN)/python tools/execute.py $<

# Where only some notebooks changed, pages on the code stay. Otherwise all is made anew:
# a page that left the book leaves the folder, and what failed is told again.
ANEW = $(filter $(PAGES) $(INSTALLED),$?)$(if $(filter-out $?,$(CHAPTERS)),,all)
_build/html.stamp: $(CHAPTERS) $(STATUS) $(PAGES) $(INSTALLED)
	$(if $(ANEW),rm -rf _build/html _build/.doctrees)
	rm -f $@
	cp $(CHAPTERS) $(STATUS) notebooks/
	$(BIN)/python tools/book_figures.py $(CHAPTERS)
	$(BIN)/jupyter-book build . -W --keep-going -q
	cp -r results/mini/default/explorer _build/html/_static/
	mkdir -p _build/html/notebooks && cp $(CHAPTERS) $(STATUS) _build/html/notebooks/
	touch $@

# Python 3.11 or newer; `make PYTHON=/path/to/python` names another.
PYTHON ?= $(firstword $(foreach name,python3.11 python3 python3.12 python3.13,\
	$(shell $(name) -c 'import sys; sys.version_info >= (3, 11) and \
	print("$(name)")' 2>/dev/null)))

$(INSTALLED): requirements.lock requirements-cuda.lock pyproject.toml tools/install.py
	@if [ -z "$(PYTHON)" ]; then echo "error: Python 3.11 or newer is needed and was" \
	  "not found. Install it, or: make PYTHON=/path/to/python" >&2; exit 1; fi
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python tools/install.py
	touch $@

.PHONY: help book test test-book check-more lint notebooks execute studies rehearse \
	benchmarks on-gpu serve lock clean
