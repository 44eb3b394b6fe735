"""What the model can do on this machine. Must not know providers, agents or screens.

`core.core_tools()` makes the five tools of every agent, `decorator.tool` makes
one of a Python function, `locks.PathLocks` keeps calls on one path apart.
Nothing is imported here: a program pays only for what it uses.
"""
