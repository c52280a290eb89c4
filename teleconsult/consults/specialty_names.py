"""What specialties are called."""

from collections.abc import Mapping

# English, Chinese.
SPECIALTIES: Mapping[str, tuple[str, str]] = {
    "general": ("General practice", "全科"),
    "radiology": ("Radiology", "影像科"),
    "respiratory": ("Respiratory medicine", "呼吸内科"),
    "thoracic-surgery": ("Thoracic surgery", "胸外科"),
    "oncology": ("Oncology", "肿瘤科"),
    "breast-surgery": ("Breast surgery", "乳腺外科"),
    "cardiology": ("Cardiology", "心内科"),
    "neurology": ("Neurology", "神经内科"),
}
# Where one text holds both: reports and calendars.
SPECIALTY_NAMES = {key: f"{zh} {en.lower()}" for key, (en, zh) in SPECIALTIES.items()}
