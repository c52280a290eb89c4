"""coturn on this machine, for browsers whose network lets no UDP through to the relay.

It runs where TELECONSULT_TURN_URLS says where browsers find it; with TELECONSULT_TURN_SECRET_FILE beside it
the server is another, which somebody else runs. coturn denies every internal address as a peer; the relay's
own are the exception, as nothing else is to be reached through it.
"""

from collections.abc import Collection, Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path

from signaling.turn_uri import PORT, NotATurnUri, TurnUri, read_uris

BASE = Path(__file__).resolve().parent.parent / "deploy" / "turnserver.conf"


class TurnUnclear(Exception):
    """A TURN server is asked for that could not be found by a browser; the message says why."""


def own_turn_uris(given: Mapping[str, str]) -> tuple[TurnUri, ...]:
    """What coturn is to listen for here; empty where nobody asked for it or it runs elsewhere.

    Raises:
        TurnUnclear: a URI is none, or TLS has no certificate.
    """
    if given.get("TELECONSULT_TURN_SECRET_FILE"):
        return ()
    try:
        uris = read_uris(given.get("TELECONSULT_TURN_URLS", ""))
    except NotATurnUri as error:
        raise TurnUnclear(str(error)) from error
    for is_tls in (False, True):
        if len({uri.port for uri in uris if uri.is_tls is is_tls}) > 1:
            raise TurnUnclear("coturn listens on one port, and on one for TLS")
    if any(uri.is_tls for uri in uris):
        for name in ("TELECONSULT_TURN_CERTIFICATE", "TELECONSULT_TURN_KEY"):
            if not Path(given.get(name, "")).is_file():
                raise TurnUnclear(f"turns: needs a certificate, and {name} names no file")
    return uris


def listening_port(uris: Sequence[TurnUri]) -> int:
    """Of TURN without TLS, by UDP and TCP."""
    return next((uri.port for uri in uris if not uri.is_tls), PORT)


def relay_addresses(public_address: str | None) -> list[str]:
    """Where the relay may be reached from this machine: coturn never reaches loopback."""
    from signaling.host_addresses import host_addresses  # a package, which the doctor may find missing

    own = [address for address in host_addresses() if not ip_address(address).is_loopback]
    return [*own, public_address] if public_address and public_address not in own else own


def turn_configuration(
    uris: Sequence[TurnUri],
    secret: str,
    peers: Collection[str],
    folder: Path,
    certificate: tuple[str, str],
) -> str:
    """turnserver.conf: deploy/turnserver.conf, and what only this installation knows.

    Args:
        peers: the relay's addresses, which alone are allowed among the internal ones.
        folder: for what coturn writes.
        certificate: PEM files of certificate and key, where a URI asks for TLS.
    """
    lines = [
        f"listening-port={listening_port(uris)}",
        f"static-auth-secret={secret}",
        f"userdb={folder / 'turn.db'}",
        f"pidfile={folder / 'turn.pid'}",
        "log-file=stdout",
        "simple-log",
        *(f"allowed-peer-ip={address}" for address in peers),
    ]
    tls_port = next((uri.port for uri in uris if uri.is_tls), None)
    if tls_port is None:
        lines.append("no-tls")
    else:
        lines += [f"tls-listening-port={tls_port}", f"cert={certificate[0]}", f"pkey={certificate[1]}"]
    return BASE.read_text() + "\n# This installation.\n" + "\n".join(lines) + "\n"
