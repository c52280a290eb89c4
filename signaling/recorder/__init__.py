"""Recording of a consult: a process of its own that hears what is forwarded, and keeps it encrypted."""
