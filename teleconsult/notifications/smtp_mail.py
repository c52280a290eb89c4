"""E-mail by SMTP (RFC 5321), with TLS or STARTTLS (RFC 3207). It holds a sentence and a link."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from teleconsult.notifications.sending import TIMEOUT_S, Letter, SendingFailed

FOOT = {
    "en": "Sign in to see it. What is sent by e-mail is chosen under Notifications. Nobody reads answers.",
    "zh-CN": "请登录查看。可在“通知设置”中选择接收哪些邮件。请勿回复本邮件。",
}
SUBJECT = {"en": "Teleconsult: {}", "zh-CN": "远程会诊：{}"}


@dataclass(frozen=True, slots=True)
class MailServer:
    """
    Attributes:
        security: starttls, tls, or plain for a server within the hospital.
        ca_file: whose certificates are believed; None: those of this machine.
    """

    host: str
    port: int
    security: str
    sender: str
    username: str | None = None
    password: str | None = None
    ca_file: Path | None = None


class SmtpMail:
    def __init__(self, server: MailServer) -> None:
        self._server = server

    def send(self, letter: Letter) -> None:
        if not letter.choices.email:
            raise SendingFailed("no address is entered", is_final=True)
        message = self._message(letter, letter.choices.email)
        try:
            with self._connected() as connection:
                connection.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            raise SendingFailed(f"SMTP {code}: recipient refused", is_final=code >= 500) from error
        except smtplib.SMTPAuthenticationError as error:
            raise SendingFailed(f"SMTP {error.smtp_code}: login refused") from error
        except smtplib.SMTPResponseException as error:
            # A wrong setting may be put right, so only what the server says of this message is final.
            final = error.smtp_code >= 500 and isinstance(error, smtplib.SMTPDataError)
            raise SendingFailed(f"SMTP {error.smtp_code}", is_final=final) from error
        except (smtplib.SMTPException, OSError) as error:
            raise SendingFailed(type(error).__name__) from error

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        context = ssl.create_default_context(cafile=str(server.ca_file) if server.ca_file else None)
        connection: smtplib.SMTP
        if server.security == "tls":
            connection = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=context)
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
        try:
            if server.security == "starttls":
                connection.starttls(context=context)
            if server.username and server.password:
                connection.login(server.username, server.password)
        except BaseException:
            connection.close()
            raise
        return connection

    def _message(self, letter: Letter, address: str) -> EmailMessage:
        language = "en" if letter.user.language == "en" else "zh-CN"
        message = EmailMessage()
        message["From"] = self._server.sender
        message["To"] = address
        message["Subject"] = SUBJECT[language].format(letter.sentence)
        message["Date"] = format_datetime(letter.at)
        message["Message-ID"] = f"<{letter.id}@{self._server.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
        if letter.is_urgent:
            message["Importance"] = "high"
        message.set_content(f"{letter.sentence}\n\n{letter.link}\n\n{FOOT[language]}\n")
        return message
