"""Where values come from: files, environment, defaults.

Owns paths and the settings schema; imports domain only.
"""
