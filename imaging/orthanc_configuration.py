"""The configuration that our Orthanc runs with, as the JSON that its binary reads."""

from pathlib import Path
from typing import Any

PLUGIN_FOLDERS = (Path("/usr/share/orthanc/plugins"), Path("/usr/lib/orthanc"))
DICOMWEB_PLUGIN = "libOrthancDicomWeb.so"


def orthanc_configuration(
    data_folder: Path,
    http_port: int,
    dicom_port: int,
    username: str,
    password: str,
    *,
    accepts_dicom_associations: bool = False,
    dicomweb_plugin: Path | None = None,
) -> dict[str, Any]:
    """Return Orthanc's settings: on loopback, behind a password, nothing transcoded, nothing overwritten.

    Args:
        data_folder: where Orthanc keeps its index and files.
        http_port, dicom_port: free TCP ports.
        username, password: the only login there is.
        accepts_dicom_associations: open `dicom_port` for C-STORE and C-ECHO. Orthanc cannot bind it to
            loopback and does not ask who calls, so it is closed where nothing stands in front of it.
        dicomweb_plugin: None to take it from where Debian's package puts it.
    """
    plugin = dicomweb_plugin or find_dicomweb_plugin()
    return {
        "Name": "Teleconsult",
        "StorageDirectory": str(data_folder),
        "IndexDirectory": str(data_folder),
        # The DICOMweb plugin only: with the GDCM plugin some requests end the process.
        "Plugins": [str(plugin)] if plugin else [],
        "HttpPort": http_port,
        "HttpServerEnabled": True,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {username: password},
        "KeepAlive": True,
        "TcpNoDelay": True,
        "HttpCompressionEnabled": False,
        "HttpThreadsCount": 16,
        "DicomAet": "TELECONSULT",
        "DicomPort": dicom_port,
        "DicomServerEnabled": accepts_dicom_associations,
        "DicomCheckCalledAet": False,
        "DicomAlwaysAllowEcho": True,
        "DicomAlwaysAllowStore": True,
        "DicomAlwaysAllowFind": False,
        "DicomAlwaysAllowGet": False,
        # No IngestTranscoding: the bytes that were checked are the bytes that are kept.
        "StorageCompression": False,
        "StoreMD5ForAttachments": True,
        "SyncStorageArea": True,
        "OverwriteInstances": False,
        "MaximumStorageSize": 0,
        # With its cache Orthanc verifies what it remembers: a file that is damaged or gone would pass.
        "MaximumStorageCacheSize": 0,
        "StableAge": 5,
        "LimitFindResults": 0,
        "LimitFindInstances": 0,
        "ExecuteLuaEnabled": False,
        "DefaultEncoding": "Utf8",
        "JobsHistorySize": 10,
        "SaveJobs": False,
        "MetricsEnabled": False,
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "EnableWado": False},
    }


def find_dicomweb_plugin() -> Path | None:
    """Return where Debian's package put the DICOMweb plugin, or None."""
    for folder in PLUGIN_FOLDERS:
        for path in sorted(folder.glob(f"{DICOMWEB_PLUGIN}*")):
            return path
    return None
