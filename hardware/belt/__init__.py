"""The belt process: the sole owner of the Bluetooth link."""
