#!/bin/sh
# make bench: what one check and one answer of the credential helper cost, beside other tools, in the lab. bench.sh [ROUNDS]
set -eu
cd "$(dirname "$0")/.."
for bench in check helper; do
    tests/lab/run build/venv/bin/python "tests/bench_$bench.py" "$@"
done
