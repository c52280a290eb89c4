"""What a password costs whoever has stolen its hash."""

import subprocess
import sys


def test_a_hash_costs_what_rfc_9106_asks_of_machines_with_little_memory() -> None:
    """In a process of its own: the tests' own hashes at the least cost."""
    command = "from teleconsult.users.passwords import hash_password; print(hash_password('a password'))"
    made = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    assert made.stdout.startswith("$argon2id$v=19$m=65536,t=3,p=4$")  # section 4, the second choice
