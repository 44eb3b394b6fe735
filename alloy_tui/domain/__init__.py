"""The vocabulary that every layer shares: messages, events, usage, models, errors.

Owns frozen data and pure functions on it. Must not know of any provider, tool,
store, thread or screen; imports the standard library and msgspec only.
"""
