"""The staff screens from a shell, one file a group of commands."""
