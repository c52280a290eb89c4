"""The codes that our structured reports are written and read with.

Source: DICOM PS3.16, TID 1500, 1410, 1411 and annex D; SNOMED CT.
"""

from collections.abc import Mapping
from typing import Final

from pydicom.sr.coding import Code

from imaging.finding import FindingKind
from imaging.lung_nodule import Laterality, LungThird, NoduleType

CHEST_CT: Final = Code("24627-2", "LN", "CT Chest")
MAMMOGRAPHY: Final = Code("71651007", "SCT", "Mammography")

MEASUREMENT_REPORT: Final = Code("126000", "DCM", "Imaging Measurement Report")
MEASUREMENTS: Final = Code("126010", "DCM", "Imaging Measurements")
PROCEDURE_REPORTED: Final = Code("121058", "DCM", "Procedure reported")

KINDS: Final[Mapping[FindingKind, Code]] = {
    FindingKind.NODULE: Code("27925004", "SCT", "Nodule"),
    FindingKind.MASS: Code("4147007", "SCT", "Mass"),
    FindingKind.CALCIFICATION_CLUSTER: Code("129769006", "SCT", "Calcification Cluster"),
    FindingKind.ARCHITECTURAL_DISTORTION: Code("129792006", "SCT", "Architectural distortion of breast"),
}

# As in the CAD reports of TID 4000 and 4100: in percent, higher is more certain.
CERTAINTY: Final = Code("111012", "DCM", "Certainty of Finding")
PERCENT: Final = Code("%", "UCUM", "Percent")
DIAMETER: Final = Code("81827009", "SCT", "Diameter")
LONG_AXIS: Final = Code("103339001", "SCT", "Long axis")
SHORT_AXIS: Final = Code("103340004", "SCT", "Short axis")
MILLIMETRE: Final = Code("mm", "UCUM", "millimeter")
VOLUME: Final = Code("118565006", "SCT", "Volume")
CUBIC_MILLIMETRE: Final = Code("mm3", "UCUM", "cubic millimeter")

# The standard has no codes for these.
SOLID_DIAMETER: Final = Code("solid-diameter", "99TELECONSULT", "Mean diameter of the solid component")
VOLUME_ERROR: Final = Code("volume-error", "99TELECONSULT", "Half width of the 95% interval of the volume")
TO_PLEURA: Final = Code("to-pleura", "99TELECONSULT", "Distance to the pleura")
# CID 6165.
TO_NIPPLE: Final = Code("121242", "DCM", "Distance from nipple")
RATIO: Final = Code("1", "UCUM", "no units")

# A row for each length and volume that a finding may have: (field, concept, unit).
MEASURES: Final = (
    ("diameter_mm", DIAMETER, MILLIMETRE),
    ("long_axis_mm", LONG_AXIS, MILLIMETRE),
    ("short_axis_mm", SHORT_AXIS, MILLIMETRE),
    ("volume_mm3", VOLUME, CUBIC_MILLIMETRE),
    ("solid_diameter_mm", SOLID_DIAMETER, MILLIMETRE),
    ("volume_error", VOLUME_ERROR, RATIO),
    ("distance_to_pleura_mm", TO_PLEURA, MILLIMETRE),
    ("distance_to_nipple_mm", TO_NIPPLE, MILLIMETRE),
)

NODULE_TYPE: Final = Code("nodule-type", "99TELECONSULT", "Type of a lung nodule by density")
NODULE_TYPES: Final[Mapping[NoduleType, Code]] = {
    NoduleType.SOLID: Code("solid", "99TELECONSULT", "Solid"),
    NoduleType.PART_SOLID: Code("part-solid", "99TELECONSULT", "Part-solid"),
    NoduleType.GROUND_GLASS: Code("112120", "DCM", "Ground glass opacity"),
    NoduleType.CALCIFIED: Code("calcified", "99TELECONSULT", "Calcified throughout or in its centre"),
}

LUNG: Final = Code("39607008", "SCT", "Lung")
LATERALITIES: Final[Mapping[Laterality, Code]] = {
    Laterality.LEFT: Code("7771000", "SCT", "Left"),
    Laterality.RIGHT: Code("24028007", "SCT", "Right"),
}
# CID 2. They say a third of the height, which is no lobe.
LUNG_THIRDS: Final[Mapping[LungThird, Code]] = {
    LungThird.UPPER: Code("261183002", "SCT", "Upper"),
    LungThird.MIDDLE: Code("255562008", "SCT", "Mid"),
    LungThird.LOWER: Code("261122009", "SCT", "Lower"),
}
LUNG_BOX: Final = Code("lung-box", "99TELECONSULT", "Box of the lung on this side")
COMPARISON: Final = Code("comparison", "99TELECONSULT", "Comparison with the prior study")

CENTRE: Final = Code("111010", "DCM", "Center")
OUTLINE: Final = Code("111041", "DCM", "Outline")

CONCLUSIONS: Final = Code("121076", "DCM", "Conclusions")
CONCLUSION: Final = Code("121077", "DCM", "Conclusion")
QUALITATIVE_EVALUATIONS: Final = Code("C0034375", "UMLS", "Qualitative Evaluations")
ASSESSMENT_CATEGORY: Final = Code("111005", "DCM", "Assessment Category")
# The standard has no code for the rule that gave a category.
CATEGORY_RULE: Final = Code("category-rule", "99TELECONSULT", "Rule that gave the category")

# CID 6047: that the model ran, and whether it found anything.
SUMMARY: Final = Code("111017", "DCM", "CAD Processing and Findings Summary")
WITH_FINDINGS: Final = Code("111242", "DCM", "All algorithms succeeded; with findings")
WITHOUT_FINDINGS: Final = Code("111241", "DCM", "All algorithms succeeded; without findings")
COMMENT: Final = Code("121106", "DCM", "Comment")

# The standard has no code for what a reader decides on a machine's finding.
DECISION: Final = Code("finding-decision", "99TELECONSULT", "Reader's decision on a finding")
ACCEPTED: Final = Code("accepted", "99TELECONSULT", "Accepted")
REJECTED: Final = Code("rejected", "99TELECONSULT", "Rejected")
EDITED: Final = Code("edited", "99TELECONSULT", "Accepted, with a box that the reader drew")
BY_MODEL: Final = Code("by-model", "99TELECONSULT", "As the model gave it")

# What is read back.
IMAGING_MEASUREMENTS: Final = MEASUREMENTS.value
MEASUREMENT_GROUP: Final = "125007"
TRACKING_IDENTIFIER: Final = "112039"
FINDING: Final = "121071"
FINDING_SITE: Final = "363698007"
SITE_LATERALITY: Final = "272741003"
SITE_MODIFIER: Final = "106233006"
ALGORITHM_NAME: Final = "111001"
ALGORITHM_VERSION: Final = "111003"
ALGORITHM_PARAMETERS: Final = "111002"
