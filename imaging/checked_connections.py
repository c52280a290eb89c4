"""HTTP connections that stay away from addresses where we may not connect, whatever a name resolves to.

A name that was checked may resolve otherwise when it is connected to (DNS rebinding), and an answer may
redirect. So the address at the other end counts, before the first byte is sent.
"""

import socket
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from imaging.archive_address import ForbiddenAddress, check_url, is_allowed


def _checked(connected: socket.socket) -> socket.socket:
    address = str(connected.getpeername()[0])
    if not is_allowed(address):
        connected.close()
        raise ForbiddenAddress(address)
    return connected


class _CheckedHttp(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn())


class _CheckedHttps(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn())


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _CheckedHttp


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _CheckedHttps


class CheckedAdapter(HTTPAdapter):
    """For `requests.Session.mount`. Raises ForbiddenAddress from what sends a request."""

    def __init__(self, *, allow_local: bool) -> None:
        self._allow_local = allow_local
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        super().init_poolmanager(*arguments, **named)
        if not self._allow_local:
            self.poolmanager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}

    def send(self, request: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        check_url(str(request.url), allow_local=self._allow_local)
        return super().send(request, **options)
