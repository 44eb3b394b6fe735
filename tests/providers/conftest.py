"""Fixtures that several provider tests share."""

from tests.support.llama import llama

__all__ = ["llama"]
