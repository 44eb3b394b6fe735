"""Between the program and its terminal: what comes in is checked, what goes out never blocks.

`incoming` decides what of a terminal's bytes may become keys, `outgoing` writes
without holding anybody up, `driver` puts both into Textual's driver, `base` is
the application class that uses it. Knows no widget of ours. Private names of
Textual are used in `driver` and `base` alone, guarded by a test; where they are
missing, Textual's own driver is taken.
"""
