"""The small parts of the screen: bars, prompt, popups. They post messages up and know no engine."""
