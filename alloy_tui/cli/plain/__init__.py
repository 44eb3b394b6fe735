"""`alloy --plain`: the conversation as lines of text, for screen readers, dumb terminals and logs.

No boxes, no colours, no spinner, nothing that is painted over: what was said
stays where it was said, in order.
"""
