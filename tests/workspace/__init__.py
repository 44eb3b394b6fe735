"""Tests of the files of a workspace."""
