"""The IPv4 addresses at which this machine can be reached, loopback too: a demonstration needs no more."""

import ifaddr


def host_addresses() -> list[str]:
    return [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, str)]
