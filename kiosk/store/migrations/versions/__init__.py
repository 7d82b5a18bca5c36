"""One file a schema version, never changed after its release."""
