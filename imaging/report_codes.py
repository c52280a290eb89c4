"""The codes that our structured reports are written and read with.

Source: DICOM PS3.16, TID 1500, 1410, 1411 and annex D; SNOMED CT.
"""

from collections.abc import Mapping
from typing import Final

from pydicom.sr.coding import Code

from imaging.finding import FindingKind

CHEST_CT: Final = Code("24627-2", "LN", "CT Chest")
MAMMOGRAPHY: Final = Code("71651007", "SCT", "Mammography")

KINDS: Final[Mapping[FindingKind, Code]] = {
    FindingKind.NODULE: Code("27925004", "SCT", "Nodule"),
    FindingKind.MASS: Code("4147007", "SCT", "Mass"),
    FindingKind.CALCIFICATION_CLUSTER: Code("129769006", "SCT", "Calcification Cluster"),
}

# As in the CAD reports of TID 4000 and 4100: in percent, higher is more certain.
CERTAINTY: Final = Code("111012", "DCM", "Certainty of Finding")
PERCENT: Final = Code("%", "UCUM", "Percent")
DIAMETER: Final = Code("81827009", "SCT", "Diameter")
MILLIMETRE: Final = Code("mm", "UCUM", "millimeter")

CENTRE: Final = Code("111010", "DCM", "Center")
OUTLINE: Final = Code("111041", "DCM", "Outline")

CONCLUSIONS: Final = Code("121076", "DCM", "Conclusions")
CONCLUSION: Final = Code("121077", "DCM", "Conclusion")
COMMENT: Final = Code("121106", "DCM", "Comment")

# The standard has no code for what a reader decides on a machine's finding.
DECISION: Final = Code("finding-decision", "99TELECONSULT", "Reader's decision on a finding")
ACCEPTED: Final = Code("accepted", "99TELECONSULT", "Accepted")
REJECTED: Final = Code("rejected", "99TELECONSULT", "Rejected")

# What is read back.
IMAGING_MEASUREMENTS: Final = "126010"
MEASUREMENT_GROUP: Final = "125007"
TRACKING_IDENTIFIER: Final = "112039"
FINDING: Final = "121071"
ALGORITHM_NAME: Final = "111001"
ALGORITHM_VERSION: Final = "111003"
ALGORITHM_PARAMETERS: Final = "111002"
