"""The façade between every face of the program and the engine.

Owns the engine thread, the event channel and the approvals. The only package
besides `domain` that `ui` may import; must not know Textual.
"""
