#!/bin/sh
# make soak: what takes too long for every change. soak.sh [CHECKS [FUZZ_SECONDS]]
#   many checks one after the other, and very many images in one run, with time and memory flat;
#   pulls and pushes that are killed hundreds of times, and one image of 4 GiB, with memory flat;
#   the tests of the law with the sanitizers; each fuzzer for long
set -eu
cd "$(dirname "$0")/.."
checks=${1:-10000}
seconds=${2:-600}
python=build/venv/bin/python

step() { printf '== %s\n' "$*" >&2; }

step "$checks checks"
tests/lab/run $python tests/bench_soak.py "$checks"

step "images that are moved"
tests/lab/run $python tests/soak_move.py

step "sanitizers"
make -s asan
for test in tests/test_law.py tests/test_ecr_probe.py tests/test_docker_probe.py tests/test_credentials.py tests/test_cli.py; do
	[ ! -e $test ] || ECR_BIN=$PWD/build/asan/ecr tests/lab/run $python -m pytest -q $test
done

step "fuzzers, $seconds seconds each"
make -s fuzz-short FUZZ_SECONDS="$seconds"
step "soak: all well"
