#!/bin/sh
# make bench: what one check costs, beside other tools, in the lab. bench.sh [ROUNDS]
set -eu
cd "$(dirname "$0")/.."
exec tests/lab/run build/venv/bin/python tests/bench_check.py "$@"
