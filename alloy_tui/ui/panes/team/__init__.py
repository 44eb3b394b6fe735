"""The panes of the team: agents, tasks, mail, shared context, timeline, inbox."""
