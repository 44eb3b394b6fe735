"""`python -m alloy_tui` is `alloy`."""

from __future__ import annotations

import sys

from alloy_tui.cli import main

if __name__ == "__main__":
    sys.exit(main())
