"""All that can move or stop the belt, and the links between the processes."""
