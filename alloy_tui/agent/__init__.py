"""The agent: a conversation with a model that may use tools.

`turn.py` is the loop, `agent.py` the long-lived object round it. Must not know
of screens, stores or command lines. Everything here runs on one asyncio loop;
only `Approvals.answer` and `Hub` may be used from other threads.
"""
