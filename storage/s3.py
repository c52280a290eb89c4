"""ObjectStore on any S3 server, through the `minio` client."""

from io import BytesIO
from urllib.parse import unquote, urlsplit

from minio import Minio
from minio.error import S3Error

from storage.errors import ObjectAlreadyStored, ObjectMissing
from storage.object_store import check_key


class S3Objects:
    """One bucket. A key that is taken is refused by a look before the write."""

    def __init__(
        self, endpoint: str, bucket: str, access_key: str, secret_key: str, *, secure: bool = True
    ) -> None:
        self._client = Minio(endpoint, access_key=access_key, secret_key=secret_key, secure=secure)
        self._bucket = bucket
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
        self._client.put_object(self._bucket, key, BytesIO(content), len(content), content_type=content_type)

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
