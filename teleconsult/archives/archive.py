"""An archive of another hospital, as an administrator entered it, and how it is spoken to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from imaging.archive_address import ForbiddenAddress, check_host, check_url
from imaging.dicomweb_archive import DicomwebArchive
from imaging.dimse_archive import DimseArchive
from imaging.remote_archive import RemoteArchive
from teleconsult.archives.priors import PriorRule
from teleconsult.errors import PasswordFileMissing
from teleconsult.settings import Settings

Kind = Literal["dimse", "dicomweb"]
RetrieveBy = Literal["c-get", "c-move"]
PASSWORD_FOLDER = "archive-passwords"  # in the data folder: nothing outside it is ever sent as a password
MAX_PASSWORD_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Archive:
    """One archive. Of a password only the file's name is kept.

    Attributes:
        ae_title, host, port, retrieve_by: of an archive by DIMSE.
        url, username, password_file: of an archive by DICOMweb.
        prior_rule: None: no priors are fetched from here.
    """

    id: str
    institution_id: str
    name: str
    kind: Kind
    ae_title: str | None
    host: str | None
    port: int | None
    retrieve_by: RetrieveBy | None
    url: str | None
    username: str | None
    password_file: str | None
    prior_rule: PriorRule | None
    created_at: datetime

    @property
    def sends_to_gateway(self) -> bool:
        """Whether what is fetched arrives at our gateway, as if a scanner sent it."""
        return self.kind == "dimse" and self.retrieve_by == "c-move"

    def connect(self, settings: Settings) -> RemoteArchive:
        """Return the adapter. Its name is resolved here; no connection is made yet.

        Raises:
            ForbiddenAddress: it leads to where we may not connect.
            PasswordFileMissing
        """
        allow_local = settings.allow_local_archives
        if self.kind == "dimse":
            # The address that was checked is the one that is called: a name may answer otherwise next time.
            addresses = check_host(self.host or "", allow_local=allow_local)
            return DimseArchive(
                self.ae_title or "",
                addresses[0],
                self.port or 104,
                self.retrieve_by or "c-get",
                settings.dicom_ae_title,
                settings.dicom_tls,
            )
        check_url(self.url or "", allow_local=allow_local)
        password = self._password(settings)
        return DicomwebArchive(self.url or "", self.username, password, allow_local=allow_local)

    def may_call_from(self, address: str) -> bool:
        """Whether this address is one of the archive's: the answers to a C-MOVE come from there."""
        try:
            return address.removeprefix("::ffff:") in check_host(self.host or "", allow_local=True)
        except ForbiddenAddress:
            return False

    def _password(self, settings: Settings) -> str | None:
        if self.password_file is None:
            return None
        folder = (settings.data_folder / PASSWORD_FOLDER).resolve()
        try:
            file = (folder / self.password_file).resolve()
            if not file.is_relative_to(folder):
                raise PasswordFileMissing
            with file.open("rb") as stream:
                return stream.read(MAX_PASSWORD_BYTES).decode().strip()
        except (OSError, ValueError) as error:
            raise PasswordFileMissing from error
