"""What the prompt is made of: kill ring, folded pastes, mentions, recall, the external editor."""
