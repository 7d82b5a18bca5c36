"""Programs, player, progression, screening, cues. Pure."""
