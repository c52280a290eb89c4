"""Specialties in both languages, where a text holds both: reports and calendars."""

SPECIALTY_NAMES = {
    "general": "全科 general practice",
    "radiology": "影像科 radiology",
    "respiratory": "呼吸内科 respiratory medicine",
    "thoracic-surgery": "胸外科 thoracic surgery",
    "oncology": "肿瘤科 oncology",
    "breast-surgery": "乳腺外科 breast surgery",
    "cardiology": "心内科 cardiology",
    "neurology": "神经内科 neurology",
}
