"""Runs every benchmark of this folder, or those named.

python -m benchmarks                      all of them, and their results into the README
python -m benchmarks startup per_token
python -m benchmarks peers --runs 3       options go to the one that is named
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

NO_BENCHMARKS = {"keeping", "plot"}
LAST = "report"


def main(arguments: list[str]) -> int:
    """Run the benchmarks and print their tables; 2 for an unknown name."""
    here = Path(__file__).parent
    stems = {p.stem for p in here.glob("*.py") if not p.stem.startswith("_")}
    known = [*sorted(stems - NO_BENCHMARKS - {LAST}), LAST]
    first_option = next((i for i, a in enumerate(arguments) if a.startswith("-")), len(arguments))
    names, options = arguments[:first_option], arguments[first_option:]
    unknown = [n for n in names if n not in known]
    if unknown or (options and len(names) != 1):
        print(f"there are {', '.join(known)}; options need exactly one of them before them")
        return 2
    for name in names or known:
        print(f"== {name}", flush=True)
        sys.argv = [name, *options]
        importlib.import_module(f"benchmarks.{name}").main()
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
