#!/bin/sh
# make bench: what a check, an answer of the credential helper and a long listing cost, beside other tools, in the lab.
# bench.sh [ROUNDS]
set -eu
cd "$(dirname "$0")/.."
for bench in check helper repositories; do
    tests/lab/run build/venv/bin/python "tests/bench_$bench.py" "$@"
done
