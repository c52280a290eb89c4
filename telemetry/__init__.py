"""What a process says about itself to those who run it: metrics and log lines. Imports nothing of ours."""
