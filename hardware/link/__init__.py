"""What the processes say to each other: messages, sockets, the clock and its lock-step twin."""
