"""Files with a person's identity in every place that one can think of, and a list of what was put in."""

import zlib
from io import BytesIO

import numpy as np
from pydicom import Dataset
from pydicom.dataelem import DataElement
from pydicom.sequence import Sequence
from pydicom.uid import (
    BasicTextSRStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    SecondaryCaptureImageStorage,
    generate_uid,
)

from tests.dicom_builders import a_ct_slice, a_dataset, a_mammogram, as_bytes, with_pixels

TEXTS = {
    "latin name": "Wangxiaodong",
    "chinese name": "王小东",
    "given name": "小东",
    "japanese name": "山田太郎",
    "korean name": "김희중",
    "cyrillic name": "Люкceмбypг",
    "umlaut name": "Äneas-Rüdenstein",
    "patient id": "ZY00481516",
    "other id": "3501021960123145",
    "accession": "ACC2342001",
    "phone": "13805917788",
    "address": "17 Gulou Lane",
    "chinese address": "鼓楼区东街17号",
    "institution": "Minqing County Hospital",
    "chinese institution": "闽清县总医院",
    "physician": "Drlinmeihua",
    "chinese physician": "林美华",
    "operator": "Opchenguang",
    "station": "CTROOM77",
    "serial": "SN998877",
    "birth date": "19600714",
    "study date": "20260317",
    "comment": "Patient-is-the-mayor",
    "private": "PrivatesecretQQ",
    "mail": "xiaodong@example.org",
    "source ae": "SENDERAE99",
}
UIDS = {
    "study": "1.2.840.113619.2.55.3.11",
    "series": "1.2.840.113619.2.55.3.22",
    "frame of reference": "1.2.840.113619.2.55.3.33",
    "referenced": "1.2.840.113619.2.55.3.44",
    "irradiation event": "1.2.840.113619.2.55.3.55",
    "private": "1.2.840.113619.2.55.3.66",
}
STORY = (
    "Wangxiaodong ({chinese name}), ID {patient id}, born 1960-07-14, phone {phone}, mail {mail}, seen on "
    "2026.03.17 by {physician} at {institution}; see {uid}. "
    "王先生咳嗽两周。电话 138-0591-7788。 Mass in the right lung."
)
ENCODINGS = (
    "utf-8", "gb18030", "utf-16-le", "utf-16-be", "latin-1", "shift_jis", "euc_kr", "iso8859-5", "iso2022_jp",
)  # fmt: skip


def story() -> str:
    return STORY.format(**TEXTS, uid=UIDS["referenced"])


def full_of_identity(ds: Dataset, *, chinese: bool = True) -> Dataset:
    """The object with identifiers of the person in all the places it has."""
    ds.StudyInstanceUID, ds.SeriesInstanceUID = UIDS["study"], UIDS["series"]
    ds.FrameOfReferenceUID = UIDS["frame of reference"]
    ds.PatientName = "Wang^Xiaodong=王^小东" if chinese else "Wang^Xiaodong"
    ds.PatientID = TEXTS["patient id"]
    ds.PatientBirthDate, ds.StudyDate = TEXTS["birth date"], TEXTS["study date"]
    ds.SeriesDate = ds.ContentDate = ds.AcquisitionDate = ds.InstanceCreationDate = TEXTS["study date"]
    ds.AcquisitionDateTime = TEXTS["study date"] + "101112.5+0800"
    ds.PatientAge, ds.PatientSex = "093Y", "M"
    ds.OtherPatientIDs = TEXTS["other id"]
    ds.OtherPatientNames = "Wangxiaodong"
    ds.AccessionNumber = TEXTS["accession"]
    ds.PatientTelephoneNumbers = TEXTS["phone"]
    ds.PatientAddress = TEXTS["chinese address"] if chinese else TEXTS["address"]
    ds.CountryOfResidence = TEXTS["address"]
    ds.InstitutionName = TEXTS["chinese institution"] if chinese else TEXTS["institution"]
    ds.InstitutionAddress = TEXTS["institution"]
    ds.ReferringPhysicianName = TEXTS["physician"]
    ds.PerformingPhysicianName = TEXTS["chinese physician"] if chinese else TEXTS["physician"]
    ds.OperatorsName = TEXTS["operator"]
    ds.StationName, ds.DeviceSerialNumber = TEXTS["station"], TEXTS["serial"]
    ds.ImageComments = ds.PatientComments = TEXTS["comment"]
    ds.StudyDescription = f"CHEST {TEXTS['patient id']} WANG XIAODONG"
    ds.SeriesDescription = f"1.0mm Lung Wangxiaodong {TEXTS['accession']} 2026-03-17"
    ds.ProtocolName = f"Thorax {TEXTS['chinese name']}" if chinese else "Thorax"
    ds.Manufacturer = "ACME"
    ds.ManufacturerModelName = f"Scanner of {TEXTS['institution']}"
    ds.IrradiationEventUID = UIDS["irradiation event"]
    ds.ScheduledStationAETitle = TEXTS["source ae"]
    ds.RetrieveAETitle = TEXTS["source ae"]
    reference = Dataset()
    reference.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    reference.ReferencedSOPInstanceUID = UIDS["referenced"]
    purpose = Dataset()
    purpose.CodeValue, purpose.CodingSchemeDesignator = "121322", "DCM"
    purpose.CodeMeaning = "Source Wangxiaodong"
    reference.PurposeOfReferenceCodeSequence = Sequence([purpose])
    reference.add_new(0x00110010, "LO", "NESTED MAKER")
    reference.add_new(0x00111001, "LT", TEXTS["private"])
    ds.ReferencedImageSequence = Sequence([reference])
    request = Dataset()
    request.RequestedProcedureID = TEXTS["accession"]
    request.RequestedProcedureDescription = f"CT of {TEXTS['patient id']}"
    ds.RequestAttributesSequence = Sequence([request])
    other = Dataset()
    other.PatientID, other.IssuerOfPatientID = TEXTS["other id"], TEXTS["institution"]
    ds.OtherPatientIDsSequence = Sequence([other])
    original = Dataset()
    modified = Dataset()
    modified.PatientName = "Wangxiaodong"
    original.ModifiedAttributesSequence = Sequence([modified])
    original.SourceOfPreviousValues, original.ModifyingSystem = TEXTS["institution"], TEXTS["station"]
    ds.OriginalAttributesSequence = Sequence([original])
    ds.add_new(0x00090010, "LO", "MAKER 1.0")
    ds.add_new(0x00091001, "PN", "Wangxiaodong")
    ds.add_new(0x00091002, "UI", UIDS["private"])
    ds.add_new(0x00091003, "OB", story().encode("utf-16-le") + b"\0" * (len(story().encode("utf-16-le")) % 2))
    nested = Dataset()
    nested.PatientName = "Wangxiaodong"
    nested.add_new(0x00090010, "LO", "MAKER 1.0")
    nested.add_new(0x00091001, "UT", TEXTS["private"])
    ds.add_new(0x00091004, "SQ", Sequence([nested]))
    ds.add_new(0x00190010, "LO", "SIEMENS MR HEADER")
    ds.add_new(0x0019100C, "IS", "1000")
    ds.add_new(0x00191008, "CS", "PRIVATESECRETQQ")
    ds.add_new(0x50003000, "OW", TEXTS["private"].encode() + b" ")
    ds.add_new(0x60000010, "US", 16)
    ds.add_new(0x60000011, "US", 16)
    ds.add_new(0x60000022, "LO", TEXTS["private"])
    ds.add_new(0x60001500, "LO", TEXTS["chinese name"] if chinese else "Wangxiaodong")
    ds.add_new(0x60003000, "OW", TEXTS["comment"].encode())
    ds.add_new(0x60004000, "LT", TEXTS["comment"])
    ds.add_new(0x00870011, "LO", TEXTS["private"])
    ds[0x00284000] = DataElement(0x00284000, "LT", TEXTS["comment"])
    ds.add_new(0xFFFCFFFC, "OB", TEXTS["private"].encode() + b"\0")
    ds.file_meta.SourceApplicationEntityTitle = TEXTS["source ae"]
    ds.file_meta.SendingApplicationEntityTitle = TEXTS["source ae"]
    ds.file_meta.ImplementationVersionName = TEXTS["station"]
    ds.file_meta.PrivateInformationCreatorUID = UIDS["private"]
    ds.file_meta.PrivateInformation = TEXTS["private"].encode() + b"\0"
    ds.preamble = TEXTS["comment"].encode().ljust(128, b"!")
    return ds


def a_report(**attributes: object) -> Dataset:
    """A structured report whose texts tell all."""
    ds = a_dataset(BasicTextSRStorage, Modality="SR", SOPInstanceUID=generate_uid(), **attributes)
    ds.ValueType = "CONTAINER"

    def item(value_type: str, **values: object) -> Dataset:
        one = Dataset()
        one.RelationshipType, one.ValueType = "CONTAINS", value_type
        name = Dataset()
        name.CodeValue, name.CodingSchemeDesignator, name.CodeMeaning = "121071", "DCM", "Finding"
        one.ConceptNameCodeSequence = Sequence([name])
        for keyword, value in values.items():
            setattr(one, keyword, value)
        return one

    within = item("CONTAINER")
    within.ContentSequence = Sequence(
        [item("TEXT", TextValue=story()), item("PNAME", PersonName=TEXTS["physician"])]
    )
    ds.ContentSequence = Sequence(
        [
            item("TEXT", TextValue=story()),
            item("PNAME", PersonName="Wang^Xiaodong"),
            item("UIDREF", UID=UIDS["referenced"]),
            item("DATE", Date=TEXTS["study date"]),
            item("DATETIME", DateTime=TEXTS["study date"] + "101112"),
            within,
        ]
    )
    observer = Dataset()
    observer.VerifyingObserverName, observer.VerifyingOrganization = TEXTS["physician"], TEXTS["institution"]
    observer.VerificationDateTime = TEXTS["study date"] + "101112"
    ds.VerifyingObserverSequence = Sequence([observer])
    return ds


def files() -> dict[str, bytes]:
    """Each kind of object and encoding, full of the same person's identity."""
    frames = np.arange(3 * 8 * 8, dtype=np.uint8).reshape(3, 8, 8)
    multi = a_dataset(MultiFrameGrayscaleByteSecondaryCaptureImageStorage, Modality="OT")
    multi.Rows, multi.Columns, multi.NumberOfFrames, multi.SamplesPerPixel = 8, 8, 3, 1
    multi.BitsAllocated, multi.BitsStored, multi.HighBit, multi.PixelRepresentation = 8, 8, 7, 0
    multi.PhotometricInterpretation, multi.PixelData = "MONOCHROME2", frames.tobytes()
    capture = with_pixels(
        a_dataset(SecondaryCaptureImageStorage, Modality="OT", ConversionType="WSD"),
        np.arange(64, dtype=np.uint16).reshape(8, 8),
    )
    compressed = full_of_identity(a_ct_slice(5))
    compressed.compress(JPEGLSLossless, encoding_plugin="pyjpegls", generate_instance_uid=False)
    made = {
        "ct explicit": as_bytes(full_of_identity(a_ct_slice(1))),
        "ct implicit": as_bytes(full_of_identity(a_ct_slice(2)), ImplicitVRLittleEndian),
        "ct big endian": as_bytes(full_of_identity(a_ct_slice(3)), ExplicitVRBigEndian),
        "ct deflated": as_bytes(full_of_identity(a_ct_slice(4)), DeflatedExplicitVRLittleEndian),
        "ct jpeg-ls": as_bytes(compressed),
        "ct gb18030": as_bytes(full_of_identity(a_ct_slice(6, SpecificCharacterSet="GB18030"))),
        "ct iso 2022": as_bytes(full_of_identity(a_ct_slice(7, SpecificCharacterSet=["", "ISO 2022 IR 58"]))),
        "mammogram": as_bytes(full_of_identity(a_mammogram())),
        "secondary capture": as_bytes(full_of_identity(capture)),
        "multi-frame": as_bytes(full_of_identity(multi)),
        "report": as_bytes(full_of_identity(a_report())),
        "report gb18030": as_bytes(full_of_identity(a_report(SpecificCharacterSet="GB18030"))),
        "report implicit": as_bytes(full_of_identity(a_report()), ImplicitVRLittleEndian),
    }
    undefined = full_of_identity(a_report())
    for element in undefined.iterall():
        if element.VR == "SQ":
            element.is_undefined_length = True
            for one in element.value:
                one.is_undefined_length_sequence_item = True
    made["report, undefined lengths"] = as_bytes(undefined)
    for name, character_set, patient in (
        ("japanese", ["", "ISO 2022 IR 87"], TEXTS["japanese name"]),
        ("korean", ["", "ISO 2022 IR 149"], TEXTS["korean name"]),
        ("cyrillic", "ISO_IR 144", TEXTS["cyrillic name"]),
        ("latin-1", "ISO_IR 100", TEXTS["umlaut name"]),
    ):
        ds = full_of_identity(a_ct_slice(8, SpecificCharacterSet=character_set), chinese=False)
        ds.PatientName = patient
        ds.SeriesDescription = f"Lung {patient}"
        made[f"ct {name}"] = as_bytes(ds)
    lying = full_of_identity(a_ct_slice(9, SpecificCharacterSet="GB18030"))
    made["ct that names no character set"] = as_bytes(lying).replace(b"GB18030 ", b"ISO_IR 6")
    return made


def traces(content: bytes) -> list[str]:
    """Names of all that was put in and is still there, in any encoding, case or inflated."""
    haystacks = [content.lower()]
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for start in (0, len(content) // 2):
        try:
            haystacks.append(inflater.decompress(content[start:], 1 << 20).lower())
        except zlib.error:
            continue
    found = []
    for name, text in {**TEXTS, **{f"uid {name}": uid for name, uid in UIDS.items()}}.items():
        for encoding in ENCODINGS:
            try:
                needle = text.encode(encoding).lower()
            except UnicodeEncodeError:
                continue
            if any(needle in haystack for haystack in haystacks):
                found.append(f"{name} as {encoding}")
    for form in ("1960-07-14", "2026-03-17", "2026.03.17", "138-0591-7788", "wang^xiaodong", "wang xiaodong"):
        if form.encode() in haystacks[0]:
            found.append(form)
    return found


def pixels_of(content: bytes) -> bytes:
    import pydicom

    return bytes(pydicom.dcmread(BytesIO(content)).get("PixelData", b""))

