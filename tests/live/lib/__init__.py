"""What the live tests stand on: the server, its test partners, sound, and a small TAP runner."""
