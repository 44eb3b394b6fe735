"""Tests of the pictures' scenes."""
