"""ObjectStore on any S3 server, through the `minio` client."""

import base64
import hashlib
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

import urllib3
from minio import Minio
from minio.error import S3Error

from storage.errors import ObjectAlreadyStored, ObjectMissing, ObjectRefused, ObjectStoreUnavailable
from storage.object_store import check_key

CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 300.0
PING_TIMEOUT_S = 2.0
SIGNED_FOR = timedelta(minutes=15)  # clocks may differ by that much on S3


class S3Objects:
    """One bucket.

    A key that is taken is refused by the server (`If-None-Match`), so that of two writers one wins. Where a
    server does not know the condition, or ignores it on a versioned bucket, only the look before it is left.
    """

    def __init__(
        self, endpoint: str, bucket: str, access_key: str, secret_key: str, *, secure: bool = True
    ) -> None:
        self._client = Minio(endpoint, access_key=access_key, secret_key=secret_key, secure=secure)
        self._bucket = bucket
        self._http = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S), retries=False
        )
        if not self._client.bucket_exists(bucket):
            self._client.make_bucket(bucket)

    @classmethod
    def from_url(cls, url: str) -> "S3Objects":
        """Open `s3://ACCESS:SECRET@host:port/bucket` (TLS) or `s3+http://...` (inner networks)."""
        parts = urlsplit(url)
        endpoint = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
        return cls(
            endpoint,
            parts.path.strip("/"),
            unquote(parts.username or ""),
            unquote(parts.password or ""),
            secure=parts.scheme == "s3",
        )

    def put(self, key: str, content: bytes, content_type: str = "application/octet-stream") -> None:
        try:
            self._client.stat_object(self._bucket, check_key(key))
        except S3Error as error:
            if error.code != "NoSuchKey":
                raise
        else:
            raise ObjectAlreadyStored(key)
        digest = hashlib.md5(content, usedforsecurity=False).digest()  # S3's check against damage on the way
        # `Minio.put_object` takes no conditions: the same request, signed by it and sent with one.
        answer = self._http.request(
            "PUT",
            self._client.get_presigned_url("PUT", self._bucket, key, expires=SIGNED_FOR),
            body=content,
            headers={
                "Content-Type": content_type,
                "Content-MD5": base64.b64encode(digest).decode(),
                "If-None-Match": "*",
            },
        )
        if answer.status in (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.CONFLICT):
            raise ObjectAlreadyStored(key)
        if answer.status != HTTPStatus.OK:
            raise ObjectRefused(f"{key}: the S3 server answered {answer.status} {answer.data[:500]!r}")

    def get(self, key: str) -> bytes:
        try:
            response = self._client.get_object(self._bucket, check_key(key))
        except S3Error as error:
            if error.code == "NoSuchKey":
                raise ObjectMissing(key) from error
            raise
        try:
            return bytes(response.read())
        finally:
            response.close()
            response.release_conn()

    def delete(self, key: str) -> None:
        self._client.remove_object(self._bucket, check_key(key))

    def keys(self, prefix: str = "") -> list[str]:
        listing = self._client.list_objects(self._bucket, prefix=prefix, recursive=True)
        return sorted(entry.object_name for entry in listing if entry.object_name)

    def ping(self) -> None:
        url = self._client.get_presigned_url("GET", self._bucket, "ping", expires=SIGNED_FOR)
        try:
            status = self._http.request("GET", url, timeout=PING_TIMEOUT_S).status
        except urllib3.exceptions.HTTPError as error:
            raise ObjectStoreUnavailable(f"the S3 server does not answer: {error}") from error
        if status != HTTPStatus.NOT_FOUND:  # nothing has that key
            raise ObjectStoreUnavailable(f"the S3 server answered {status}")
