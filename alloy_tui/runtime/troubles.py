"""What went wrong on the engine's loop, as errors that have words for a person."""

from __future__ import annotations

import logging

from alloy_tui.domain.errors import AlloyError

_log = logging.getLogger(__name__)


def told(error: Exception) -> AlloyError:
    """`error` if it was raised on purpose; anything else is a defect, which the log has whole."""
    if isinstance(error, AlloyError):
        return error
    _log.error("A defect", exc_info=error)
    return AlloyError(f"This is a defect of Alloy: {type(error).__name__}: {error}")


def in_words(error: AlloyError) -> str:
    """What happened, and what to do."""
    return f"{error.message} {error.hint}" if error.hint else error.message
