"""Exporting: a session as a file that lives without the program.

Owns three forms: JSON that comes back exactly (`document`), Markdown for people
(`markdown`), and a page for a browser (`page`). Writes to whatever it is given;
must not know of files, commands or screens.
"""
