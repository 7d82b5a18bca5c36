"""The session: one pure state machine from touches and the guard's word to screens and actions."""
