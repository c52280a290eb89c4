"""The application: users and rights, patients, consults, reports, and the command line."""
