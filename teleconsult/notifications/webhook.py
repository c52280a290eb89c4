"""A signed webhook: for SMS gateways and WeCom, which an adapter of the hospital's own feeds from it.

Source: Standard Webhooks 1.0 (https://www.standardwebhooks.com/): headers `webhook-id`, `webhook-timestamp`,
`webhook-signature`; HMAC-SHA256 over `id.timestamp.body`, base64, with the version before it.
"""

import base64
import hashlib
import hmac
import json
import time

from teleconsult.notifications.sending import Letter, answered, post


def signature(secret: bytes, message_id: str, timestamp_s: int, body: bytes) -> str:
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


class Webhook:
    def __init__(self, url: str, secret: bytes) -> None:
        self._url, self._secret = url, secret

    def send(self, letter: Letter) -> None:
        body = json.dumps(
            {
                "type": f"notification.{letter.kind}",
                "timestamp": letter.at.isoformat(timespec="seconds"),
                "data": {
                    "recipient": {
                        "username": letter.user.username,
                        "phone": letter.choices.phone,
                        "language": letter.user.language,
                    },
                    "text": letter.sentence,
                    "link": letter.link,
                    "urgent": letter.is_urgent,
                },
            },
            ensure_ascii=False,
        ).encode()
        timestamp_s = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "webhook-id": letter.id,
            "webhook-timestamp": str(timestamp_s),
            "webhook-signature": signature(self._secret, letter.id, timestamp_s, body),
        }
        answered(post(self._url, body, headers))
