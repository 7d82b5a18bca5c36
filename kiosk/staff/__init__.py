"""Staff: sign-in, caps, audit."""
