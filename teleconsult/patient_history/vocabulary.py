"""Common items of a patient's history with the codes of their standards, for quick entry. Data, as a table.

Codes: LOINC for vital signs and laboratory tests, ICD-10 for conditions, ATC for drugs as allergens and as
medication. Units are UCUM. What has no code here (latex, pollen) is kept as text.

Reference ranges are of adults, and only proposed: the laboratory's own stand on its sheet. Sources: WS/T
405-2012 (blood cells), WS/T 404 (clinical chemistry), WS/T 428-2013 (body mass index); for vital signs and
where these say nothing, the ranges in common use. Where it depends on the assay, none is proposed.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

ATC: Final = "http://www.whocc.no/atc"
ICD_10: Final = "http://hl7.org/fhir/sid/icd-10"
LOINC: Final = "http://loinc.org"
UCUM: Final = "http://unitsofmeasure.org"
ABSENT: Final = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"

Bounds = tuple[float | None, float | None]  # low, high


class Kind(StrEnum):
    ALLERGY = "allergy"
    CONDITION = "condition"
    MEDICATION = "medication"
    VITAL_SIGN = "vital-signs"
    LABORATORY = "laboratory"


SYSTEM_OF: Final = {
    Kind.ALLERGY: ATC,
    Kind.CONDITION: ICD_10,
    Kind.MEDICATION: ATC,
    Kind.VITAL_SIGN: LOINC,
    Kind.LABORATORY: LOINC,
}


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the type-ahead.

    Attributes:
        pinyin: the initials of the Chinese name, as clinicians type them.
        unit: UCUM, of a measured value; "" otherwise.
        bounds: the reference range of an adult, low and high; None where none is proposed.
        of_women: where theirs differs.
    """

    kind: Kind
    code: str | None
    en: str
    zh: str
    pinyin: str
    unit: str = ""
    bounds: Bounds | None = None
    of_women: Bounds | None = None


LAB: Final = Kind.LABORATORY

VOCABULARY: Final[tuple[Item, ...]] = (
    Item(Kind.ALLERGY, "J01C", "Penicillins", "青霉素类", "qmsl"),
    Item(Kind.ALLERGY, "J01D", "Cephalosporins", "头孢菌素类", "tbjsl"),
    Item(Kind.ALLERGY, "J01E", "Sulfonamides", "磺胺类", "hal"),
    Item(Kind.ALLERGY, "J01M", "Quinolones", "喹诺酮类", "kntl"),
    Item(Kind.ALLERGY, "J01GA01", "Streptomycin", "链霉素", "lms"),
    Item(Kind.ALLERGY, "V08A", "Iodinated contrast media", "含碘对比剂", "hddbj"),
    Item(Kind.ALLERGY, "V08C", "Gadolinium contrast media", "含钆对比剂", "hgdbj"),
    Item(Kind.ALLERGY, "M01A", "Anti-inflammatory drugs (NSAID)", "非甾体抗炎药", "fztkyy"),
    Item(Kind.ALLERGY, "N02BA01", "Aspirin", "阿司匹林", "aspl"),
    Item(Kind.ALLERGY, "N01B", "Local anaesthetics", "局部麻醉药", "jbmzy"),
    Item(Kind.ALLERGY, "D08AG", "Iodine disinfectants", "碘消毒剂", "dxdj"),
    Item(Kind.ALLERGY, None, "Latex", "乳胶", "rj"),
    Item(Kind.ALLERGY, None, "Seafood", "海鲜", "hx"),
    Item(Kind.ALLERGY, None, "Peanut", "花生", "hs"),
    Item(Kind.ALLERGY, None, "Egg", "鸡蛋", "jd"),
    Item(Kind.ALLERGY, None, "Milk", "牛奶", "nn"),
    Item(Kind.ALLERGY, None, "Pollen", "花粉", "hf"),
    Item(Kind.ALLERGY, None, "House dust mite", "尘螨", "cm"),
    Item(Kind.ALLERGY, None, "Alcohol", "酒精", "jj"),
    Item(Kind.CONDITION, "I10", "Hypertension", "高血压", "gxy"),
    Item(Kind.CONDITION, "E11", "Type 2 diabetes", "2型糖尿病", "2xtnb"),
    Item(Kind.CONDITION, "E10", "Type 1 diabetes", "1型糖尿病", "1xtnb"),
    Item(Kind.CONDITION, "I25", "Coronary heart disease", "冠心病", "gxb"),
    Item(Kind.CONDITION, "I25.2", "Old myocardial infarction", "陈旧性心肌梗死", "cjxxjgs"),
    Item(Kind.CONDITION, "I48", "Atrial fibrillation", "心房颤动", "xfcd"),
    Item(Kind.CONDITION, "I50", "Heart failure", "心力衰竭", "xlsj"),
    Item(Kind.CONDITION, "I63", "Cerebral infarction", "脑梗死", "ngs"),
    Item(Kind.CONDITION, "I61", "Intracerebral haemorrhage", "脑出血", "ncx"),
    Item(Kind.CONDITION, "I26", "Pulmonary embolism", "肺栓塞", "fss"),
    Item(Kind.CONDITION, "I80.2", "Deep vein thrombosis", "下肢深静脉血栓", "xzsjmxs"),
    Item(Kind.CONDITION, "Z95.0", "Cardiac pacemaker", "心脏起搏器", "xzqbq"),
    Item(Kind.CONDITION, "Z95.5", "Coronary stent", "冠状动脉支架", "gzdmzj"),
    Item(Kind.CONDITION, "J44", "COPD", "慢性阻塞性肺疾病", "mxzsxfjb"),
    Item(Kind.CONDITION, "J45", "Asthma", "支气管哮喘", "zqgxc"),
    Item(Kind.CONDITION, "J18", "Pneumonia", "肺炎", "fy"),
    Item(Kind.CONDITION, "J84", "Interstitial lung disease", "间质性肺病", "jzxfb"),
    Item(Kind.CONDITION, "A16", "Pulmonary tuberculosis", "肺结核", "fjh"),
    Item(Kind.CONDITION, "C34", "Lung cancer", "肺癌", "fa"),
    Item(Kind.CONDITION, "C50", "Breast cancer", "乳腺癌", "rxa"),
    Item(Kind.CONDITION, "C22", "Liver cancer", "肝癌", "ga"),
    Item(Kind.CONDITION, "C16", "Gastric cancer", "胃癌", "wa"),
    Item(Kind.CONDITION, "C18", "Colon cancer", "结肠癌", "jca"),
    Item(Kind.CONDITION, "C20", "Rectal cancer", "直肠癌", "zca"),
    Item(Kind.CONDITION, "C73", "Thyroid cancer", "甲状腺癌", "jzxa"),
    Item(Kind.CONDITION, "C61", "Prostate cancer", "前列腺癌", "qlxa"),
    Item(Kind.CONDITION, "C85", "Lymphoma", "淋巴瘤", "lbl"),
    Item(Kind.CONDITION, "N18", "Chronic kidney disease", "慢性肾脏病", "mxszb"),
    Item(Kind.CONDITION, "B18.1", "Chronic hepatitis B", "慢性乙型肝炎", "mxyxgy"),
    Item(Kind.CONDITION, "K74", "Liver cirrhosis", "肝硬化", "gyh"),
    Item(Kind.CONDITION, "K80", "Gallstones", "胆囊结石", "dnjs"),
    Item(Kind.CONDITION, "K27", "Peptic ulcer", "消化性溃疡", "xhxky"),
    Item(Kind.CONDITION, "E78", "Hyperlipidaemia", "高脂血症", "gzxz"),
    Item(Kind.CONDITION, "E05", "Hyperthyroidism", "甲状腺功能亢进", "jzxgnkj"),
    Item(Kind.CONDITION, "E03", "Hypothyroidism", "甲状腺功能减退", "jzxgnjt"),
    Item(Kind.CONDITION, "M10", "Gout", "痛风", "tf"),
    Item(Kind.CONDITION, "M06", "Rheumatoid arthritis", "类风湿关节炎", "lfsgjy"),
    Item(Kind.CONDITION, "M32", "Systemic lupus erythematosus", "系统性红斑狼疮", "xtxhblc"),
    Item(Kind.CONDITION, "M81", "Osteoporosis", "骨质疏松", "gzss"),
    Item(Kind.CONDITION, "D64", "Anaemia", "贫血", "px"),
    Item(Kind.CONDITION, "G40", "Epilepsy", "癫痫", "dx"),
    Item(Kind.CONDITION, "Z33", "Pregnancy", "妊娠", "rs"),
    Item(Kind.CONDITION, "Z72.0", "Smoking", "吸烟", "xy"),
    Item(Kind.MEDICATION, "B01AC06", "Aspirin", "阿司匹林", "aspl"),
    Item(Kind.MEDICATION, "B01AC04", "Clopidogrel", "氯吡格雷", "lbgl"),
    Item(Kind.MEDICATION, "B01AA03", "Warfarin", "华法林", "hfl"),
    Item(Kind.MEDICATION, "B01AF01", "Rivaroxaban", "利伐沙班", "lfsb"),
    Item(Kind.MEDICATION, "B01AB05", "Enoxaparin", "依诺肝素", "yngs"),
    Item(Kind.MEDICATION, "A10BA02", "Metformin", "二甲双胍", "ejsg"),
    Item(Kind.MEDICATION, "A10A", "Insulin", "胰岛素", "yds"),
    Item(Kind.MEDICATION, "C08CA01", "Amlodipine", "氨氯地平", "aldp"),
    Item(Kind.MEDICATION, "C08CA05", "Nifedipine", "硝苯地平", "xbdp"),
    Item(Kind.MEDICATION, "C09CA03", "Valsartan", "缬沙坦", "xst"),
    Item(Kind.MEDICATION, "C09AA02", "Enalapril", "依那普利", "ynpl"),
    Item(Kind.MEDICATION, "C07AB02", "Metoprolol", "美托洛尔", "mtle"),
    Item(Kind.MEDICATION, "C07AB07", "Bisoprolol", "比索洛尔", "bsle"),
    Item(Kind.MEDICATION, "C03CA01", "Furosemide", "呋塞米", "fsm"),
    Item(Kind.MEDICATION, "C03DA01", "Spironolactone", "螺内酯", "lnz"),
    Item(Kind.MEDICATION, "C10AA05", "Atorvastatin", "阿托伐他汀", "atftt"),
    Item(Kind.MEDICATION, "C10AA07", "Rosuvastatin", "瑞舒伐他汀", "rsftt"),
    Item(Kind.MEDICATION, "C01AA05", "Digoxin", "地高辛", "dgx"),
    Item(Kind.MEDICATION, "A02BC01", "Omeprazole", "奥美拉唑", "amlz"),
    Item(Kind.MEDICATION, "H03AA01", "Levothyroxine", "左甲状腺素", "zjzxs"),
    Item(Kind.MEDICATION, "H03BB02", "Thiamazole", "甲巯咪唑", "jqmz"),
    Item(Kind.MEDICATION, "H02AB07", "Prednisone", "泼尼松", "pns"),
    Item(Kind.MEDICATION, "H02AB02", "Dexamethasone", "地塞米松", "dsms"),
    Item(Kind.MEDICATION, "R03AC02", "Salbutamol", "沙丁胺醇", "sdac"),
    Item(Kind.MEDICATION, "R03AK07", "Budesonide and formoterol", "布地奈德福莫特罗", "bdndfmtl"),
    Item(Kind.MEDICATION, "R03DA04", "Theophylline", "茶碱", "cj"),
    Item(Kind.MEDICATION, "J01CA04", "Amoxicillin", "阿莫西林", "amxl"),
    Item(Kind.MEDICATION, "J01DD04", "Ceftriaxone", "头孢曲松", "tbqs"),
    Item(Kind.MEDICATION, "J01MA12", "Levofloxacin", "左氧氟沙星", "zyfsx"),
    Item(Kind.MEDICATION, "J01FA10", "Azithromycin", "阿奇霉素", "aqms"),
    Item(Kind.MEDICATION, "J04AC01", "Isoniazid", "异烟肼", "yyj"),
    Item(Kind.MEDICATION, "J04AB02", "Rifampicin", "利福平", "lfp"),
    Item(Kind.MEDICATION, "M01AE01", "Ibuprofen", "布洛芬", "blf"),
    Item(Kind.MEDICATION, "N02BE01", "Paracetamol", "对乙酰氨基酚", "dyxajf"),
    Item(Kind.MEDICATION, "L02BA01", "Tamoxifen", "他莫昔芬", "tmxf"),
    Item(Kind.MEDICATION, "L02BG04", "Letrozole", "来曲唑", "lqz"),
    Item(Kind.MEDICATION, "L01EB01", "Gefitinib", "吉非替尼", "jftn"),
    Item(Kind.MEDICATION, "L01EB04", "Osimertinib", "奥希替尼", "axtn"),
    Item(Kind.MEDICATION, "M04AA01", "Allopurinol", "别嘌醇", "bpc"),
    Item(Kind.MEDICATION, "M04AA03", "Febuxostat", "非布司他", "fbst"),
    Item(Kind.VITAL_SIGN, "8310-5", "Body temperature", "体温", "tw", "Cel", (36, 37.2)),
    Item(Kind.VITAL_SIGN, "8867-4", "Heart rate", "心率", "xl", "/min", (60, 100)),
    Item(Kind.VITAL_SIGN, "9279-1", "Respiratory rate", "呼吸频率", "hxpl", "/min", (12, 20)),
    Item(Kind.VITAL_SIGN, "8480-6", "Systolic blood pressure", "收缩压", "ssy", "mm[Hg]", (90, 139)),
    Item(Kind.VITAL_SIGN, "8462-4", "Diastolic blood pressure", "舒张压", "szy", "mm[Hg]", (60, 89)),
    Item(Kind.VITAL_SIGN, "2708-6", "Oxygen saturation", "血氧饱和度", "xybhd", "%", (95, 100)),
    Item(Kind.VITAL_SIGN, "29463-7", "Body weight", "体重", "tz", "kg"),
    Item(Kind.VITAL_SIGN, "8302-2", "Body height", "身高", "sg", "cm"),
    Item(Kind.VITAL_SIGN, "39156-5", "Body mass index", "体重指数", "tzzs", "kg/m2", (18.5, 23.9)),
    Item(LAB, "6690-2", "White blood cells", "白细胞", "bxb", "10*9/L", (3.5, 9.5)),
    Item(LAB, "789-8", "Red blood cells", "红细胞", "hxb", "10*12/L", (4.3, 5.8), (3.8, 5.1)),
    Item(LAB, "718-7", "Haemoglobin", "血红蛋白", "xhdb", "g/L", (130, 175), (115, 150)),
    Item(LAB, "4544-3", "Haematocrit", "红细胞压积", "hxbyj", "%", (40, 50), (35, 45)),
    Item(LAB, "777-3", "Platelets", "血小板", "xxb", "10*9/L", (125, 350)),
    Item(LAB, "770-8", "Neutrophils %", "中性粒细胞百分比", "zxlxbbfb", "%", (40, 75)),
    Item(LAB, "736-9", "Lymphocytes %", "淋巴细胞百分比", "lbxbbfb", "%", (20, 50)),
    Item(LAB, "751-8", "Neutrophils", "中性粒细胞计数", "zxlxbjs", "10*9/L", (1.8, 6.3)),
    Item(LAB, "731-0", "Lymphocytes", "淋巴细胞计数", "lbxbjs", "10*9/L", (1.1, 3.2)),
    Item(LAB, "1988-5", "C-reactive protein", "C反应蛋白", "cfydb", "mg/L", (0, 10)),
    Item(LAB, "33959-8", "Procalcitonin", "降钙素原", "jgsy", "ng/mL", (0, 0.05)),
    Item(LAB, "30341-2", "Erythrocyte sedimentation rate", "血沉", "xc", "mm/h", (0, 15), (0, 20)),
    Item(LAB, "2951-2", "Sodium", "血钠", "xn", "mmol/L", (137, 147)),
    Item(LAB, "2823-3", "Potassium", "血钾", "xj", "mmol/L", (3.5, 5.3)),
    Item(LAB, "2075-0", "Chloride", "血氯", "xl", "mmol/L", (99, 110)),
    Item(LAB, "2000-8", "Calcium", "血钙", "xg", "mmol/L", (2.11, 2.52)),
    Item(LAB, "14682-9", "Creatinine", "血肌酐", "xjg", "umol/L", (57, 97), (41, 73)),
    Item(LAB, "62238-1", "eGFR (CKD-EPI)", "估算肾小球滤过率", "gssxqlgl", "mL/min/{1.73_m2}", (90, None)),
    Item(LAB, "22664-7", "Urea", "尿素", "ns", "mmol/L", (3.1, 8), (2.6, 7.5)),
    Item(LAB, "14933-6", "Uric acid", "尿酸", "ns", "umol/L", (208, 428), (155, 357)),
    Item(LAB, "14771-0", "Fasting glucose", "空腹血糖", "kfxt", "mmol/L", (3.9, 6.1)),
    Item(LAB, "14749-6", "Glucose", "血糖", "xt", "mmol/L"),
    Item(LAB, "4548-4", "HbA1c", "糖化血红蛋白", "thxhdb", "%", (4, 6)),
    Item(LAB, "1742-6", "ALT", "丙氨酸氨基转移酶", "basajzym", "U/L", (9, 50), (7, 40)),
    Item(LAB, "1920-8", "AST", "天门冬氨酸氨基转移酶", "tmdasajzym", "U/L", (15, 40), (13, 35)),
    Item(LAB, "2324-2", "Gamma-GT", "谷氨酰转肽酶", "gaxztm", "U/L", (10, 60), (7, 45)),
    Item(LAB, "14631-6", "Total bilirubin", "总胆红素", "zdhs", "umol/L", (0, 26), (0, 21)),
    Item(LAB, "14629-0", "Direct bilirubin", "直接胆红素", "zjdhs", "umol/L", (0, 8)),
    Item(LAB, "2885-2", "Total protein", "总蛋白", "zdb", "g/L", (65, 85)),
    Item(LAB, "1751-7", "Albumin", "白蛋白", "bdb", "g/L", (40, 55)),
    Item(LAB, "2532-0", "LDH", "乳酸脱氢酶", "rstqm", "U/L", (120, 250)),
    Item(LAB, "14647-2", "Total cholesterol", "总胆固醇", "zdgc", "mmol/L", (0, 5.2)),
    Item(LAB, "14927-8", "Triglycerides", "甘油三酯", "gysz", "mmol/L", (0, 1.7)),
    Item(LAB, "22748-8", "LDL cholesterol", "低密度脂蛋白胆固醇", "dmdzdbdgc", "mmol/L", (0, 3.4)),
    Item(LAB, "14646-4", "HDL cholesterol", "高密度脂蛋白胆固醇", "gmdzdbdgc", "mmol/L", (1, None)),
    Item(LAB, "5902-2", "Prothrombin time", "凝血酶原时间", "nxmysj", "s"),
    Item(LAB, "6301-6", "INR", "国际标准化比值", "gjbzhbz", "{INR}", (0.8, 1.2)),
    Item(LAB, "14979-9", "APTT", "活化部分凝血活酶时间", "hhbfnxhmsj", "s"),
    Item(LAB, "3255-7", "Fibrinogen", "纤维蛋白原", "xwdby", "g/L", (2, 4)),
    Item(LAB, "48065-7", "D-dimer (FEU)", "D-二聚体", "dejt", "mg/L", (0, 0.5)),
    Item(LAB, "10839-9", "Troponin I", "肌钙蛋白I", "jgdbi", "ng/mL"),
    Item(LAB, "67151-1", "Troponin T, high sensitivity", "高敏肌钙蛋白T", "gmjgdbt", "ng/L", (0, 14)),
    Item(LAB, "13969-1", "CK-MB mass", "肌酸激酶同工酶", "jsjmtgm", "ng/mL"),
    Item(LAB, "30934-4", "BNP", "B型钠尿肽", "bxnnt", "pg/mL", (0, 100)),
    Item(LAB, "33762-6", "NT-proBNP", "N末端B型钠尿肽原", "nmdbxnnty", "pg/mL"),
    Item(LAB, "2524-7", "Lactate", "乳酸", "rs", "mmol/L"),
    Item(LAB, "2744-1", "Arterial pH", "动脉血pH", "dmxph", "[pH]", (7.35, 7.45)),
    Item(LAB, "2703-7", "Arterial pO2", "动脉血氧分压", "dmxyfy", "mm[Hg]", (80, 100)),
    Item(LAB, "2019-8", "Arterial pCO2", "动脉血二氧化碳分压", "dmxeyhtfy", "mm[Hg]", (35, 45)),
    Item(LAB, "2039-6", "CEA", "癌胚抗原", "apky", "ng/mL", (0, 5)),
    Item(LAB, "1834-1", "AFP", "甲胎蛋白", "jtdb", "ng/mL", (0, 7)),
    Item(LAB, "10334-1", "CA 125", "糖类抗原125", "tlky125", "U/mL", (0, 35)),
    Item(LAB, "6875-9", "CA 15-3", "糖类抗原153", "tlky153", "U/mL", (0, 25)),
    Item(LAB, "24108-3", "CA 19-9", "糖类抗原199", "tlky199", "U/mL", (0, 37)),
    Item(LAB, "2857-1", "PSA, total", "总前列腺特异性抗原", "zqlxtyxky", "ng/mL", (0, 4)),
    Item(LAB, "3016-3", "TSH", "促甲状腺激素", "cjzxjs", "m[IU]/L", (0.27, 4.2)),
    Item(LAB, "14920-3", "Free T4", "游离甲状腺素", "yljzxs", "pmol/L", (12, 22)),
)
