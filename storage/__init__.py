"""Bytes and rows: the database, the object store, the audit log, the event fan-out."""
