"""Rooms of live consults: signaling, shared viewer state, and the media relay."""
