"""Importing: sessions that were exported, or written by other programs.

Owns reading them as they come, however long and however damaged, into entries
that a store takes. Must not know of commands or screens.
"""
