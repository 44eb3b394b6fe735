"""Alloy: an agent workbench for the terminal, and its engine as a library."""
