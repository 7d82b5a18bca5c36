"""The appliance around the kiosk: what it asks the machine for, setup, updates. No screen imports it."""
