"""Sentences for whoever adds or looks after a model: why a bundle is not taken or not run, and what to do."""

from collections.abc import Mapping
from dataclasses import replace

from imaging.reasons import Reason

BUNDLE_REASONS: Mapping[str, Reason] = {
    row.code: row
    for row in (
        # The archive
        Reason(
            "bundle-not-there",
            "{path} is neither a folder nor a zip file.",
            "{path} 既不是文件夹也不是 zip 文件。",
        ),
        Reason(
            "bundle-zip-damaged",
            "This zip file is damaged. Please copy or download it again.",
            "该 zip 文件已损坏，请重新拷贝或下载。",
        ),
        Reason(
            "bundle-unsafe-path",
            "The bundle holds a file or link that would lead out of its folder ({file}). It was not added.",
            "模型包中有文件或链接指向其文件夹之外（{file}），未予添加。",
        ),
        Reason(
            "bundle-too-large",
            "The bundle holds more, or more files, than a model needs ({limit} at most). It was not added.",
            "模型包的体积或文件数超过限制（上限 {limit}），未予添加。",
        ),
        Reason(
            "bundle-several-folders",
            "The zip file holds no configs folder, at its top or in its only folder. It is no MONAI bundle.",
            "zip 文件顶层或其唯一的文件夹中没有 configs 目录，不是 MONAI 模型包。",
        ),
        Reason(
            "bundle-no-space",
            "There is not enough room on the disk for this model. Nothing was added.",
            "磁盘空间不足，模型未添加。",
        ),
        # Its parts
        Reason("bundle-lacks-file", "Model {model}: {file} is missing.", "模型 {model}：缺少 {file}。"),
        Reason(
            "bundle-file-unreadable",
            "Model {model}: {file} cannot be read.",
            "模型 {model}：无法读取 {file}。",
        ),
        Reason(
            "bundle-not-json", "Model {model}: {file} is not JSON.", "模型 {model}：{file} 不是有效的 JSON。"
        ),
        Reason(
            "bundle-config-unreadable",
            "Model {model}: configs/{file} {what}.",
            "模型 {model}：configs/{file} 无法使用（{what}）。",
        ),
        Reason(
            "bundle-metadata-lacks",
            "Model {model}: configs/metadata.json lacks {keys}.",
            "模型 {model}：configs/metadata.json 缺少 {keys}。",
        ),
        Reason(
            "bundle-bad-version",
            "Model {model}: {version} is no version number such as 1.2.0.",
            "模型 {model}：{version} 不是有效的版本号（如 1.2.0）。",
        ),
        Reason(
            "bundle-bad-name",
            "{name} cannot be a model's name: a letter, then small letters, digits and _, 32 at most.",
            "{name} 不能作为模型名称：须以字母开头，只含小写字母、数字和下划线，最长 32 个字符。",
        ),
        Reason(
            "bundle-weights-outside",
            "Model {model}: the weights lie outside the model's folder.",
            "模型 {model}：权重文件不在模型文件夹内。",
        ),
        Reason(
            "bundle-weights-digest",
            "Model {model}: the weights are not the ones that were named "
            "(SHA-256 {found} instead of {expected}). Get the model again from its source.",
            "模型 {model}：权重与登记的校验值不符（SHA-256 为 {found}，应为 {expected}）。"
            "请从来源重新获取该模型。",
        ),
        Reason(
            "bundle-changed",
            "Model {model}: its files are not those that were added. Add the model again under a new "
            "version.",
            "模型 {model}：文件与添加时不一致。请以新版本号重新添加。",
        ),
        # What it would run
        Reason(
            "bundle-wants-code",
            "Model {model}: its configuration names code that is not on the list of what a model may use:"
            "\n{list}\n"
            "If you know who made it and trust them, an administrator can add it with --trust.",
            "模型 {model}：配置中引用了不在允许清单上的代码：\n{list}\n如果确认来源可信，管理员可使用 "
            "--trust 添加。",
        ),
        Reason(
            "bundle-torchscript",
            "Model {model}: {file} is TorchScript, a program and not only weights. "
            "If you trust who made it, an administrator can add it with --trust.",
            "模型 {model}：{file} 是 TorchScript 程序，而不仅是权重。如果确认来源可信，管理员可使用 "
            "--trust 添加。",
        ),
        Reason(
            "bundle-licence",
            "Model {model}: its licence is {licence}, which is not one that allows every use. "
            "Read it; then add the model with --accept-licence.",
            "模型 {model}：许可证为 {licence}，不属于可自由使用的许可证。请阅读后使用 --accept-licence "
            "添加。",
        ),
        # Its weights
        Reason(
            "weights-unreadable",
            "Model {model}: the weights file cannot be read.",
            "模型 {model}：权重文件无法读取。",
        ),
        Reason(
            "weights-more-than-weights",
            "Model {model}: the weights file holds more than weights, and would run code when opened.",
            "模型 {model}：权重文件中含有权重以外的内容，打开时会执行代码。",
        ),
        Reason(
            "weights-not-tensors",
            "Model {model}: the weights file is not a table of tensors.",
            "模型 {model}：权重文件不是张量表。",
        ),
        Reason(
            "weights-not-finite",
            "Model {model}: the weights hold numbers that are not finite (NaN or infinity).",
            "模型 {model}：权重中含有非有限数值（NaN 或无穷大）。",
        ),
        Reason(
            "weights-do-not-fit",
            "Model {model}: the weights do not fit the network in its configuration.",
            "模型 {model}：权重与配置中的网络结构不匹配。",
        ),
        Reason(
            "network-not-described",
            "Model {model}: its configuration does not describe a network ({what}).",
            "模型 {model}：配置未能描述一个网络（{what}）。",
        ),
        Reason(
            "trial-failed",
            "Model {model}: loading it needed more memory or time than a model may take, or ended its "
            "process.",
            "模型 {model}：试加载时超出内存或时间限制，或进程异常退出。",
        ),
        # The registry
        Reason(
            "version-exists",
            "{model} {version} is there already. Another content needs another version number.",
            "{model} {version} 已存在。内容不同须使用不同的版本号。",
        ),
        Reason(
            "version-unknown",
            "There is no {model} {version}; `teleconsult models list` shows what there is.",
            "没有 {model} {version}；可用 teleconsult models list 查看。",
        ),
        Reason(
            "slot-unknown",
            "There is no task {slot}. There are: {slots}.",
            "没有名为 {slot} 的任务，现有：{slots}。",
        ),
        Reason(
            "step-not-possible",
            "{model} {version} is {state}; '{event}' is not possible now.",
            "{model} {version} 当前状态为 {state}，不能执行“{event}”。",
        ),
        Reason(
            "evaluation-missing",
            "{model} {version} has no evaluation on record for exactly these weights. "
            "Run `teleconsult models evaluate {model}` first.",
            "{model} {version} 尚无针对当前权重的评估记录，请先执行 teleconsult models evaluate {model}。",
        ),
        Reason(
            "nothing-recorded",
            "There is no installation at {data}: without one, models can only be listed and verified. "
            "Start it once with `make up`.",
            "{data} 处没有已安装的系统：此时只能列出和校验随附模型。请先执行一次 make up。",
        ),
    )
}


def bundle_reason(code: str, **values: object) -> Reason:
    """Return the sentence with its placeholders filled.

    Raises:
        KeyError: there is no such code, or a placeholder has no value.
    """
    template = BUNDLE_REASONS[code]
    return replace(template, en=template.en.format(**values), zh=template.zh.format(**values))
