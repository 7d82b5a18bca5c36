"""Everything a person sees, hears or is remembered by."""
