"""One file a screen, and the map of which follows which."""
