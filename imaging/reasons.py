"""Sentences for clinicians: why a file or a series is not taken, or is to be read with care.

Each says in plain words what is the matter and what to do. The code is for programs, logs and tests.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence in both languages."""

    code: str
    en: str
    zh: str

    def to_json(self) -> dict[str, str]:
        """Return the form that goes into the database and to the browser."""
        return {"code": self.code, "en": self.en, "zh": self.zh}


def _table(*rows: Reason) -> Mapping[str, Reason]:
    table = {row.code: row for row in rows}
    if len(table) != len(rows):
        raise ValueError("two sentences have the same code")
    return MappingProxyType(table)


REASONS: Mapping[str, Reason] = _table(
    # AI
    Reason(
        "analysis-stopped",
        "The AI reading was stopped by a member of staff. It can be started again.",
        "AI 分析已由工作人员停止，可以重新开始。",
    ),
    # Files
    Reason(
        "not-dicom",
        "This is not a DICOM image file. Please send the files as the scanner or the PACS exported them.",
        "这不是 DICOM 影像文件。请上传由设备或 PACS 直接导出的原始文件。",
    ),
    Reason(
        "program-inside",
        "This file is an image and a program at once, as no scanner makes them. It was not kept; have the "
        "computer that it comes from checked for viruses.",
        "该文件既是影像又是可执行程序，正常设备不会生成这样的文件，因此未保存。请对文件来源的电脑进行病毒检查。",
    ),
    Reason(
        "not-an-image",
        "This file came along with the images and is not an image itself. Nothing needs to be done.",
        "这是随影像一起导出的附带文件，本身不是影像，已自动跳过，无需处理。",
    ),
    Reason(
        "empty-file",
        "This file is empty. Please export it again.",
        "这个文件是空的，请重新导出后再上传。",
    ),
    Reason(
        "no-pixels",
        "This DICOM file holds no image: it is a report or an accompanying record. "
        "Please send the image series as well.",
        "这个 DICOM 文件中没有图像，可能是报告或附属记录。请另外上传影像序列。",
    ),
    Reason(
        "truncated",
        "This file was cut off and part of the image is missing. Please copy or export it again.",
        "这个文件不完整，图像数据有缺失，可能是拷贝或传输中断所致。请重新导出后再上传。",
    ),
    Reason(
        "damaged-dicom",
        "This DICOM file is damaged and cannot be read. Please export it again.",
        "这个 DICOM 文件已损坏，无法读取。请重新导出后再上传。",
    ),
    Reason(
        "nested-too-deeply",
        "This file is built as no scanner builds one, and could harm the archive. It was not stored.",
        "该文件的内部结构异常（嵌套层数过多），不是设备正常产生的文件，可能损害归档系统，未予接收。",
    ),
    Reason(
        "image-too-large",
        "This image claims to be larger than any we can open ({claimed_mib} MiB). "
        "The file is probably damaged; please export it again.",
        "文件头标示的图像过大（{claimed_mib} MiB），无法打开。文件很可能已损坏，请重新导出后再上传。",
    ),
    Reason(
        "file-too-large",
        "This file is larger than {limit_mib} MiB and was not read. Please ask your IT staff for help.",
        "文件超过 {limit_mib} MiB，未予读取。请联系信息科协助处理。",
    ),
    Reason(
        "pixels-not-readable",
        "The image in this file is compressed in a way that cannot be read here. "
        "Please export it uncompressed or as JPEG Lossless.",
        "该图像的压缩格式无法解码。请以不压缩或 JPEG 无损格式重新导出。",
    ),
    Reason(
        "unreadable-file",
        "This file could not be opened. Please check that your computer can read it, then send it again.",
        "无法打开这个文件。请先确认它在您的电脑上可以正常读取，然后重新上传。",
    ),
    # Archives and folders
    Reason(
        "zip-damaged",
        "This zip file is damaged or incomplete. Please make it again.",
        "这个压缩包已损坏或不完整，请重新压缩后再上传。",
    ),
    Reason(
        "zip-in-zip",
        "There is another compressed archive inside. Please unpack it and send the folder with the images.",
        "压缩包里还有一个压缩包。请先将其解压，再上传影像所在的文件夹。",
    ),
    Reason(
        "archive-format",
        "Archives of this kind cannot be opened here. Please unpack it and send the folder, or use zip.",
        "无法打开这种格式的压缩包。请先解压再上传文件夹，或改用 zip 格式。",
    ),
    Reason(
        "zip-encrypted",
        "This file in the archive is locked with a password. Please unpack it and send the folder.",
        "压缩包中的这个文件设有密码。请先解压，再上传文件夹。",
    ),
    Reason(
        "too-many-entries",
        "There are more than {limit} files in here; only up to {limit} can be taken at once. "
        "Please send one study at a time.",
        "文件数超过 {limit} 个，一次最多可接收 {limit} 个。请按检查分次上传。",
    ),
    Reason(
        "too-large-unpacked",
        "Unpacked, this archive is larger than can be taken at once. Please send one study at a time.",
        "压缩包解压后体积过大，无法一次接收。请按检查分次上传。",
    ),
    Reason(
        "suspicious-compression",
        "This file unpacks to far more than an image would. For safety it was not opened.",
        "这个文件解压后的体积异常，远超正常影像。出于安全考虑，未予打开。",
    ),
    Reason(
        "unsafe-path",
        "The file's name points outside the folder that was sent. For safety it was not opened; "
        "please export the study again.",
        "文件路径指向了上传文件夹之外。出于安全考虑，未予打开，请重新导出该检查。",
    ),
    Reason(
        "nothing-inside",
        "There is no file in here. Please choose the folder that holds the images.",
        "这里没有任何文件。请选择存放影像的文件夹。",
    ),
    # De-identification
    Reason(
        "deidentify-document",
        "This object is a document, a recording or a maker's own format, in which names cannot be searched "
        "for. It was left out.",
        "该对象是文档、录音或厂商私有格式，无法检索其中的个人信息，未导出。",
    ),
    Reason(
        "deidentify-video",
        "This is a video; names shown in it cannot be found here. It was left out.",
        "这是视频，无法识别画面中可能出现的姓名，未导出。",
    ),
    Reason(
        "deidentify-burned-in",
        "Text that may name the patient is part of this image and could not be blacked out safely. "
        "It was left out.",
        "图像中可能印有患者信息，且无法可靠遮盖，未导出。",
    ),
    # Patients and studies
    Reason(
        "other-patient-in-study",
        "This file carries another patient's number than the rest of the study. It was kept apart; "
        "please check which patient it belongs to.",
        "这个文件的患者编号与本次检查的其他影像不一致，已单独隔离存放。请核对它属于哪位患者。",
    ),
    Reason(
        "several-patients-in-drop",
        "Images of {count} patients came in one upload. Please check that none was sent by mistake.",
        "本次上传包含 {count} 位患者的影像，请核对是否误传。",
    ),
    Reason(
        "study-held-elsewhere",
        "A study with the same number was sent by another institution. This file was kept apart; "
        "please ask the platform's administrator.",
        "其他机构已上传过相同编号的检查。该文件已单独隔离存放，请联系平台管理员核实。",
    ),
    Reason(
        "series-of-another-study",
        "Another study here has a series with the same number. This file was kept apart; "
        "please check the export.",
        "系统中另一项检查已有相同编号的序列，本文件已单独隔离存放。请检查导出过程。",
    ),
    Reason(
        "same-number-other-content",
        "Another image with the same number but different content came first. This one was kept apart; "
        "please check the export.",
        "已收到一幅编号相同但内容不同的图像，本文件已单独隔离存放。请检查导出过程。",
    ),
    Reason(
        "archive-refused",
        "The image archive did not accept this file. It was kept apart; please ask your IT staff.",
        "影像归档系统未能接收这个文件，已单独隔离存放。请联系信息科查看。",
    ),
    Reason(
        "archive-copy-damaged",
        "The archive's copy of this image was found damaged and was taken out. Please send it again.",
        "影像归档系统中的该图像副本已损坏并已移除，请重新上传。",
    ),
    # Other archives
    Reason(
        "remote-archive-away",
        "The other hospital's archive does not answer. It is tried again by itself for a while.",
        "外院影像归档系统没有应答，系统会在一段时间内自动重试。",
    ),
    Reason(
        "remote-archive-refused",
        "The other hospital's archive does not let us fetch this study. "
        "Its IT staff must enter our AE title or login.",
        "外院影像归档系统拒绝了调取请求，请联系对方信息科登记本系统的 AE Title 或账号。",
    ),
    Reason(
        "remote-study-not-there",
        "The other hospital's archive sent nothing of this study: it is not there, or not accessible.",
        "外院影像归档系统没有返回该检查，可能已不在线或无权访问。",
    ),
    Reason(
        "remote-archive-not-allowed",
        "This archive's address or password file cannot be used. Please ask your administrator to check it.",
        "该归档系统的地址或口令文件不可用，请管理员检查设置。",
    ),
    Reason(
        "remote-study-incomplete",
        "The other hospital's archive sent {received} of {expected} images. What came is kept.",
        "外院影像归档系统共 {expected} 幅图像，仅收到 {received} 幅，已收到的图像均已保存。",
    ),
    Reason(
        "remote-some-refused",
        "{count} of the files that came are not shown: they hold no image, or do not fit the study.",
        "收到的文件中有 {count} 个未显示：其中没有图像，或与该检查不符。",
    ),
    Reason(
        "own-archive-away",
        "Our own image archive does not answer at the moment. It is tried again by itself.",
        "本院影像归档暂时没有响应，系统会自动重试。",
    ),
    Reason(
        "retrieval-crashed",
        "Fetching stopped because of an error on our side, which was logged.",
        "调取因系统内部错误中断，已记录。",
    ),
    # Series and the AI
    Reason(
        "no-images",
        "This series holds no image, so the AI has nothing to read.",
        "该序列中没有图像，AI 无法分析。",
    ),
    Reason(
        "modality-not-read",
        "The AI reads chest CT and mammograms; it does not read images of type {modality}. "
        "They can be viewed as usual.",
        "AI 目前只分析胸部 CT 和乳腺 X 线摄影，不分析 {modality} 类影像。影像仍可正常浏览。",
    ),
    Reason(
        "other-body-part",
        "These images are marked as {part}, not as chest, so the lung AI did not read them. "
        "They can be viewed as usual.",
        "该序列的检查部位为{part_zh}，不是胸部，肺结节 AI 未进行分析。影像仍可正常浏览。",
    ),
    Reason(
        "localiser",
        "This is a scout view for planning the scan; the AI does not read it.",
        "这是扫描定位像，AI 不予分析。",
    ),
    Reason(
        "secondary-capture",
        "This is a screen capture or a scanned film, not an original image, so the AI does not read it.",
        "这是屏幕截图或胶片扫描件，并非原始影像，AI 不予分析。",
    ),
    Reason(
        "projection-series",
        "This series was computed from others (such as MIP or 3D views); the AI reads the original slices.",
        "这是后处理重建序列（如 MIP、三维重建），AI 只分析原始断层图像。",
    ),
    Reason(
        "multiframe-not-read",
        "All slices of this CT are in one multi-frame file, which the AI cannot read yet. "
        "If the scanner allows it, please send single-slice images.",
        "该 CT 以多帧格式存储，AI 暂不支持。如设备允许，请改为逐层导出后上传。",
    ),
    Reason(
        "several-stacks",
        "This file holds several stacks or time points in one, and the AI cannot tell which to read. "
        "Please send one at a time, as single images if the scanner allows it.",
        "该文件中包含多组堆栈或多个时相，AI 无法确定应分析哪一组。请分别导出，设备允许时请导出为单帧图像。",
    ),
    Reason(
        "tomosynthesis-not-read",
        "This is a breast tomosynthesis; the AI reads two-dimensional mammograms only.",
        "这是乳腺断层合成影像，AI 目前只分析二维乳腺 X 线摄影。",
    ),
    Reason(
        "not-axial",
        "These are not axial slices; the lung AI reads axial CT only. Please send the axial series as well.",
        "该序列不是横断面图像，肺结节 AI 只分析横断面 CT。请另外上传横断面序列。",
    ),
    Reason(
        "geometry-missing",
        "The images do not say where in the body they were taken, so the AI cannot measure in them. "
        "Please export the original series.",
        "影像缺少空间位置信息，AI 无法定位和测量。请导出原始序列后重新上传。",
    ),
    Reason(
        "too-few-slices",
        "There are only {count} slices, too few for the lung AI. Please check that the series is complete.",
        "该序列只有 {count} 层图像，不足以进行肺结节分析。请检查序列是否上传完整。",
    ),
    Reason(
        "irregular-spacing",
        "The slices are unevenly spaced, so the AI cannot build a volume from them. "
        "Please check that only one series was exported.",
        "各层间距不一致，AI 无法重建容积数据。请检查是否混入了其他序列。",
    ),
    Reason(
        "too-many-missing",
        "{missing} slices of this series are missing, too many for the AI. Please send the series again.",
        "该序列缺少 {missing} 层图像，缺失过多，AI 无法分析。请重新上传完整序列。",
    ),
    Reason(
        "implausible-pixel-spacing",
        "The stated pixel size ({spacing_mm} mm) is not that of a chest CT, so the AI did not read it.",
        "图像标示的像素间距（{spacing_mm} mm）与胸部 CT 不符，AI 未进行分析。",
    ),
    Reason(
        "very-thick-slices",
        "The slices are {thickness_mm} mm thick; nodules cannot be judged on them. "
        "Please send the thin-slice series if there is one.",
        "层厚为 {thickness_mm} mm，无法判断结节。如有薄层序列，请上传薄层图像。",
    ),
    Reason(
        "slices-far-apart",
        "The slices lie {spacing_mm} mm apart; nodules between them are not shown, so the lung AI did not "
        "read them. Please send a series without gaps if there is one.",
        "层间距为 {spacing_mm} mm，层间的结节无法显示，肺结节 AI 未进行分析。如有连续扫描的序列，请上传。",
    ),
    Reason(
        "kernel-not-read",
        "This series was reconstructed with the kernel {kernel}, which the AI does not read by this site's "
        "settings.",
        "该序列的重建算法为 {kernel}，按本站设置不用于 AI 分析。",
    ),
    Reason(
        "pixels-not-numbers",
        "Some pixels of this series hold no number, so the AI did not read it. "
        "Please export the original images.",
        "该序列的部分像素不是有效数值，AI 未进行分析。请导出原始图像后重新上传。",
    ),
    Reason(
        "too-few-pixels",
        "These images have only {columns} by {rows} pixels, too few to show a nodule, so the AI did not read "
        "them. Please send the original series.",
        "图像只有 {columns} × {rows} 像素，过于粗糙，无法显示结节，AI 未进行分析。请上传原始序列。",
    ),
    Reason(
        "blank-images",
        "These images show nothing: every pixel has the same value. Please export the series again.",
        "该序列图像为空白，所有像素值相同。请重新导出该序列。",
    ),
    Reason(
        "not-hounsfield",
        "In these images air and bone do not have the values that they have in a CT of the chest, so the AI "
        "did not read them. Please send the original CT series.",
        "图像中空气和骨骼的数值与胸部 CT 不符（可能不是 CT 值），AI 未进行分析。请上传原始 CT 序列。",
    ),
    # To be read with care
    Reason(
        "blank-slices",
        "{count} slices show nothing at all. The AI read the rest; a lesion there would not be seen.",
        "有 {count} 层图像为空白。AI 已分析其余层面，空白处的病灶无法检出。",
    ),
    Reason(
        "metal-in-field",
        "There is metal or undiluted contrast medium in these images. Its streaks may hide nodules or look "
        "like some; please judge the lung beside it yourself.",
        "图像中有金属或高浓度对比剂，其伪影可能掩盖结节或形成假象，请自行判断邻近肺野。",
    ),
    Reason(
        "one-lung",
        "Only one lung holds air; the other was removed, has collapsed or is filled. "
        "The AI read the one that holds air; nothing is said about the other.",
        "仅一侧肺含气，另一侧可能已切除、不张或实变。AI 仅分析了含气的一侧，对另一侧未作判断。",
    ),
    Reason(
        "lung-outside-field",
        "A part of the lungs lies outside the images. The AI read what is there; "
        "nothing is said about the rest.",
        "部分肺野在图像之外。AI 仅分析了图像内的部分，其余未作判断。",
    ),
    Reason(
        "lossy-compressed",
        "These images were compressed with loss (ratio {ratio} to 1); fine detail may be gone, "
        "and the AI may be less reliable. Please send the original images if there are any.",
        "这些影像经过有损压缩（压缩比 {ratio}:1），细节可能丢失，AI 结果的可靠性可能降低。"
        "如有原始影像，请上传原始影像。",
    ),
    Reason(
        "derived-images",
        "These slices were computed from others (reformatted or processed); the AI was made for original "
        "slices. Please send the original series as well.",
        "这些断层图像由其他图像重组或处理得到，AI 针对原始断层图像设计。请一并上传原始序列。",
    ),
    Reason(
        "gantry-tilt",
        "The gantry was tilted by {tilt_deg} degrees; the AI was made for untilted slices and may be less "
        "reliable.",
        "扫描机架倾斜 {tilt_deg} 度，AI 针对无倾斜的断层图像设计，结果的可靠性可能降低。",
    ),
    Reason(
        "small-field-of-view",
        "The images show a field of only {diameter_mm} mm, so a part of the chest lies outside. "
        "The AI read what is there.",
        "重建视野仅 {diameter_mm} mm，部分胸部在视野之外。AI 仅分析了图像内的部分。",
    ),
    Reason(
        "contrast-enhanced",
        "This series was taken with contrast medium; the AI may be less reliable here.",
        "该序列为增强扫描，AI 结果的可靠性可能降低。",
    ),
    Reason(
        "missing-slices",
        "{missing} slices are missing between the first and the last one. The AI read the rest; "
        "a lesion in the gap would not be seen.",
        "首末层之间缺少 {missing} 层图像。AI 已分析其余层面，缺失处的病灶无法检出。",
    ),
    Reason(
        "sub-volume",
        "These {count} slices cover only {coverage_mm} mm, a part of the chest. "
        "The AI read what is there; nothing is said about the rest of the lungs.",
        "该序列共 {count} 层，仅覆盖 {coverage_mm} mm，只是胸部的一部分。"
        "AI 仅分析了现有层面，未覆盖的肺野未作判断。",
    ),
    Reason(
        "thick-slices",
        "The slices are {thickness_mm} mm thick; small nodules may be missed. "
        "Please send the thin-slice series if there is one.",
        "层厚为 {thickness_mm} mm，小结节可能漏检。如有薄层序列，建议一并上传。",
    ),
    Reason(
        "gaps-between-slices",
        "Between any two slices {gap_mm} mm are not shown at all; a nodule there would not be seen. "
        "Please send a series without gaps if there is one.",
        "相邻两层之间有 {gap_mm} mm 未成像，位于其间的结节无法检出。如有连续扫描的序列，建议一并上传。",
    ),
    Reason(
        "body-part-unknown",
        "The images do not say which part of the body they show. They were read as a chest CT; please check.",
        "影像未标明检查部位，AI 按胸部 CT 进行了分析，请核对。",
    ),
    Reason(
        "body-part-contradicts",
        "The images are marked as {part}, while their description mentions the chest. "
        "They were read as a chest CT; please check.",
        "影像标示的部位为{part_zh}，但描述中提到胸部。AI 按胸部 CT 进行了分析，请核对。",
    ),
    Reason(
        "repeated-positions",
        "{count} slices lie at a place that another slice shows as well. The AI read the first of each; "
        "please check that the series holds one scan only.",
        "有 {count} 层图像与其他层面位置重复，AI 仅分析每个位置的第一幅。请检查该序列是否混有多次扫描。",
    ),
    Reason(
        "mixed-images",
        "{count} images in this series do not fit the rest in size or direction; the AI left them out.",
        "该序列中有 {count} 幅图像的尺寸或方向与其他图像不同，AI 未将其纳入分析。",
    ),
    Reason(
        "other-patient-in-series",
        "This series holds images under more than one patient number; the AI did not read it. "
        "Please check whom they belong to.",
        "该序列中的图像对应多个患者编号，AI 未进行分析。请核对影像归属。",
    ),
    Reason(
        "model-suspended",
        "The AI for this kind of images is switched off at the moment. Please read them without AI.",
        "针对此类影像的 AI 目前已停用，请直接阅片。",
    ),
    Reason(
        "model-suspended-since",
        "AI reading is suspended for this model since {since}, until an administrator resumes it. "
        "Please read these images without AI.",
        "该 AI 模型自 {since} 起已暂停使用，须由管理员恢复。请直接阅片。",
    ),
    Reason(
        "model-not-usable",
        "The AI model on this server is damaged or not the one that was approved, so it did not read these "
        "images. Please read them without AI and tell your IT staff.",
        "服务器上的 AI 模型已损坏或与批准的版本不符，未进行分析。请直接阅片，并通知信息科。",
    ),
    Reason(
        "server-disk-full",
        "The server's disk is full, so the AI's result could not be kept. It tries again by itself; "
        "please tell your IT staff, and read these images without AI if it is urgent.",
        "服务器磁盘已满，AI 结果无法保存。系统会自动重试；请通知信息科，如情况紧急请直接阅片。",
    ),
    Reason(
        "not-reconstructed-for-reading",
        "This mammogram is raw data not processed for viewing; the AI may be less reliable on it.",
        "这是未经处理的乳腺原始图像（For Processing），AI 结果的可靠性可能降低。",
    ),
    Reason(
        "view-unknown",
        "The mammogram does not say which breast or view it shows. Please check the side of each finding.",
        "该乳腺影像未标明左右侧或投照体位，请核对每处发现的侧别。",
    ),
    Reason(
        "other-mammogram",
        "These images are no digital mammograms but made from others, or from film; the AI does not read "
        "them. Please send the original mammograms if there are any.",
        "这些影像不是原始数字乳腺 X 线图像（可能由其他图像或胶片转换而来），AI 不予分析。"
        "如有原始图像，请上传。",
    ),
    Reason(
        "special-view",
        "This is a magnified or spot view; the AI reads views of a whole breast only.",
        "这是放大或局部点压摄影，AI 只分析全乳投照。",
    ),
    Reason(
        "some-special-views",
        "The AI did not read the magnified or spot views in this series, only the views of a whole breast.",
        "AI 未分析本序列中的放大或局部点压摄影，只分析了全乳投照。",
    ),
    Reason(
        "implant",
        "A breast implant is noted; the AI was not made for breasts with implants and does not read them.",
        "影像标注有乳房假体，AI 不适用于有假体的乳房，未作分析。",
    ),
    Reason(
        "some-implants",
        "The AI did not read the images of the breast with an implant, only the others.",
        "AI 未分析有假体一侧的影像，只分析了其余影像。",
    ),
    Reason(
        "no-breast-found",
        "No breast was found in these images: they may be black, cut off, or of something else.",
        "图像中未找到乳腺：可能为全黑、不完整或并非乳腺影像。",
    ),
    Reason(
        "side-contradicts",
        "The header's side or orientation contradicts itself or the image, which may be flipped:"
        " left and right cannot be told.",
        "文件头中的侧别或方位自相矛盾，或与图像不符（图像可能被镜像翻转），无法确定左右侧。",
    ),
)


def reason(code: str, **values: object) -> Reason:
    """Return the sentence with its placeholders filled.

    Raises:
        KeyError: there is no such code, or a placeholder has no value.
    """
    template = REASONS[code]
    return replace(template, en=template.en.format(**values), zh=template.zh.format(**values))
