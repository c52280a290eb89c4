"""Seeded phantoms as DICOM, with exact truth. No torch here."""
