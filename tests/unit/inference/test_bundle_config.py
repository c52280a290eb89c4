"""A bundle's configuration cannot bring code along, and nothing of it runs while it is checked."""

import builtins
import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.bundle_config import Fault, check_config, read_config
from inference.bundle_expression import with_references
from inference.bundle_targets import ATTRIBUTES, FUNCTIONS, METHODS, MODULES, PACKAGES, Use, use_of_target
from inference.errors import BundleError

MODELS = Path(__file__).resolve().parents[3] / "models"

# In the manner of the model zoo's lung_nodule_ct_detection: every kind of expression that it uses.
DETECTION: dict[str, Any] = {
    "raw": False,
    "resampled": "$(not @raw)",
    "imports": ["$import glob", "$import os"],
    "bundle_root": "./",
    "test_data": "$monai.data.load_decathlon_datalist(@bundle_root + '/a.json', data_list_key='validation')",
    "device": "$torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')",
    "patch": [512, 512, 192],
    "anchors": {
        "_target_": "monai.apps.detection.utils.anchor_utils.AnchorGeneratorWithAnchorShape",
        "feature_map_scales": [1, 2, 4],
    },
    "backbone": "$monai.networks.nets.resnet.resnet50(spatial_dims=3,conv1_t_size=[7,7,7])",
    "features": "$monai.apps.detection.networks.retinanet_network.resnet_fpn_feature_extractor"
    "(@backbone,3,False,[1,2],None)",
    "network_def": {"_target_": "RetinaNet", "feature_extractor": "@features", "size_divisible": [16, 16, 8]},
    "network": "$@network_def.to(@device)",
    "detector": {"_target_": "RetinaNetDetector", "network": "@network", "anchor_generator": "@anchors"},
    "detector_ops": [
        "$@detector.set_target_keys(box_key='box', label_key='label')",
        "$@detector.set_sliding_window_inferer(roi_size=@patch,overlap=0.25,sw_batch_size=1,device='cpu')",
    ],
    "preprocessing": {
        "_target_": "Compose",
        "transforms": [
            {"_target_": "LoadImaged", "keys": "image", "reader": "itkreader", "_disabled_": "@resampled"},
            {"_target_": "ScaleIntensityRanged", "keys": "image", "a_min": -1024.0, "a_max": 300.0},
        ],
    },
    "loader": {"_target_": "DataLoader", "collate_fn": "$monai.data.utils.no_collation"},
    "inferer": {"_target_": "scripts.detection_inferer.RetinaNetInferer", "detector": "@detector"},
    "saver": {
        "_target_": "scripts.detection_saver.DetectionSaver",
        "batch_transform": "$lambda x: [xx['image_meta_dict'] for xx in x]",
        "output_transform": "$lambda x: [@preprocessing({**xx['pred'],'image':xx['image']}) for xx in x]",
    },
    "evaluator": {"_target_": "scripts.evaluator.DetectionEvaluator", "_requires_": "@detector_ops"},
    "evaluating": ["$setattr(torch.backends.cudnn, 'benchmark', True)", "$@evaluator.run()"],
    "files": "$list(sorted(glob.glob(@bundle_root + '/imagesTs/*.nii.gz')))",
    "spacing": "$[1.5, 1.5, 1.5] if @choice#fine else [3.0, 3.0, 3.0]",
    "choice": {"fine": True},
}


def refused(config: dict[str, Any]) -> list[Fault]:
    return [refusal.fault for refusal in check_config(config).refusals]


@pytest.fixture
def nothing_runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every way by which a configuration could act is watched."""
    ran: list[str] = []

    def watched(name: str) -> Any:
        return lambda *_args, **_named: ran.append(name)

    for module, name in ((os, "system"), (os, "popen"), (subprocess, "Popen"), (builtins, "eval")):
        monkeypatch.setattr(module, name, watched(name))
    monkeypatch.setattr(builtins, "exec", watched("exec"))
    return ran


def test_what_published_bundles_use_is_allowed_and_their_networks_may_be_built() -> None:
    check = check_config(DETECTION)
    assert check.refusals == ()
    assert check.hindrance(["network", "detector", "detector_ops", "preprocessing"]) is None


@pytest.mark.parametrize("part", ["evaluator", "inferer", "saver", "loader", "evaluating", "files"])
def test_what_our_pipeline_does_itself_may_be_named_but_is_never_built(part: str) -> None:
    assert check_config(DETECTION).hindrance([part]) is not None


def test_what_is_reached_by_reference_is_not_built_either() -> None:
    check = check_config({"a": {"_target_": "UNet", "b": ["@c"]}, "c": {"_target_": "SaveImaged"}})
    assert check.hindrance(["a"]) == "c"


@pytest.mark.parametrize("name", ["lung_nodule_ct", "mammography"])
def test_the_shipped_bundles_pass(name: str) -> None:
    assert refused(read_config(MODELS / name / "configs" / "inference.json")) == []


TARGETS = [
    "os.system",
    "subprocess.Popen",
    "builtins.eval",
    "builtins.exec",
    "monai.bundle.run",
    "monai.bundle.scripts.run",
    "monai.utils.module.optional_import",
    "monai.networks.nets.resnet.torch.load",
    "monai.networks.nets.resnet.os.system",
    "monai.transforms.io.array.locate",
    "torch.nn.modules.module.sys.exit",
    "torch.load",
    "torch.hub.load",
    "scripts.anything.Evil",
    "evil.UNet",
    "monai.networks.nets.a.b.c.UNet",
    "@name",
    "%name",
    "$os.system",
    "UNet.__init__",
    "",
]


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_that_is_not_in_the_table_is_refused(target: str, nothing_runs: list[str]) -> None:
    config = {"name": "os.system", "x": {"_target_": target, "command": "true"}}
    assert refused(config) == [Fault.TARGET]
    assert nothing_runs == []


EXPRESSIONS = [
    "__import__('os').system('true')",
    "os.system('true')",
    "torch.load('x')",
    "monai.bundle.run()",
    "monai.networks.nets.resnet.torch.load(f='x')",
    "monai.networks.nets.resnet.resnet50(True)",
    "monai.networks.nets.resnet50(pretrained=True)",
    "monai.transforms.LoadImage('os.system')",
    "eval('1')",
    "exec('1')",
    "compile('1', '', 'eval')",
    "open('/etc/passwd')",
    "getattr(os, 'system')('true')",
    "setattr(torch, 'load', 1)",
    "setattr(torch.backends.cudnn, @name, True)",
    "globals()",
    "().__class__.__base__.__subclasses__()",
    "'{0.__class__}'.format(1)",
    "@a.__class__",
    "@a.__init__.__globals__['os'].system('true')",
    "@imports::0.system('true')",
    "@imports::0.popen",
    "(lambda f: f('true'))(print)",
    "[f('true') for f in [print]]",
    "[print][0]('true')",
    "{'f': print}['f']('true')",
    "f'{os.system(1)}'",
    "dict(**@a)",
    "print(*@a)",
    "(x := 1)",
    "9**9**9",
    "lambda: (yield)",
    "await x",
    "lambda *a: a",
    "lambda _: 1",
    "'@a' + os.system('true')",
    "-" * 1990 + "1",
    "(" * 300 + "1" + ")" * 300,
    "1 " * 2000,
    "\x00",
    "import os; os.system('true')",
    "import os\nos.system('true')",
    "",
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_beyond_the_grammar_is_refused(expression: str, nothing_runs: list[str]) -> None:
    assert refused({"a": 1, "imports": ["$import os"], "x": f"${expression}"})
    assert nothing_runs == []


@pytest.mark.parametrize(
    "statement",
    [
        "import subprocess",
        "import sys",
        "import os as torch",
        "import monai.bundle as b",
        "import torch.hub",
        "from os import system",
        "from monai.bundle import run",
        "from os import *",
        "from . import scripts",
        "import scripts",
        "import os, sys",
    ],
)
def test_an_import_that_is_not_in_the_table_is_refused(statement: str) -> None:
    assert Fault.IMPORT in refused({"imports": [f"${statement}"]})


def test_an_import_under_another_name_is_still_what_it_is() -> None:
    assert refused({"imports": ["$import os as harmless"], "x": "$harmless.system('true')"}) == [
        Fault.EXPRESSION
    ]
    assert refused({"imports": ["$import os as list"], "x": "$list([1])"}) == [Fault.EXPRESSION]


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        # MONAI's LoadImage calls whatever its reader names, with the rest of its arguments.
        ({"x": {"_target_": "LoadImaged", "keys": "i", "reader": "os.system"}}, Fault.ARGUMENT),
        ({"r": "os.system", "x": {"_target_": "LoadImaged", "reader": "@r"}}, Fault.ARGUMENT),
        ({"r": "os.system", "x": {"_target_": "LoadImaged", "reader": "%r"}}, Fault.ARGUMENT),
        ({"x": {"_target_": "LoadImaged", "reader": ["os.system"]}}, Fault.ARGUMENT),
        ({"x": {"_target_": "SaveImaged", "writer": "os.system"}}, Fault.ARGUMENT),
        ({"x": {"_target_": "resnet50", "pretrained": True}}, Fault.ARGUMENT),
        ({"x": {"_target_": "UNet", "_mode_": "debug"}}, Fault.MODE),
        ({"x": {"_target_": "LoadImaged", "_mode_": "callable"}}, Fault.MODE),
        ({"m": "debug", "x": {"_target_": "UNet", "_mode_": "@m"}}, Fault.MODE),
        ({"x": "%/etc/other.json::a"}, Fault.MACRO),
        ({"x": "%other.yaml#a"}, Fault.MACRO),
        ({"x": "$@::::::a"}, Fault.MACRO),
        ({"x": {"_target_": "UNet"}, "x::_target_": "os.system"}, Fault.KEY),
        ({"x": {"_target_": "UNet"}, "x#_target_": "os.system"}, Fault.KEY),
        ({"+x": {"_target_": "UNet"}}, Fault.KEY),
        # A relative id is made of the keys above it, and those end up in the expression.
        ({"a'] + os.system('true') + b['": {"x": "$@#b"}}, Fault.KEY),
        ({"a + b": {"x": "$@#c"}}, Fault.KEY),
    ],
)
def test_the_other_ways_around_the_table_are_closed(config: dict[str, Any], fault: Fault) -> None:
    assert fault in refused(config)


def test_a_refusal_says_where_and_what() -> None:
    (refusal,) = check_config({"net": {"parts": [{"_target_": "os.system"}]}}).refusals
    assert str(refusal) == "net::parts::0: os.system"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("$@%#:'().os_system ", max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["_target_", "a", "b", "_mode_", "reader", "x y", "a'"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_content_gets_an_answer_and_what_passes_names_nothing_unlisted(content: Any) -> None:
    check = check_config({"top": content})
    if not check.refusals:
        assert all(use_of_target(target) for target in _targets(content))


@given(st.text("@:ab'\"() +$#", max_size=40))
def test_references_are_replaced_as_monai_replaces_them(text: str) -> None:
    from monai.bundle.reference_resolver import ReferenceResolver

    ours = with_references(text.replace("#", "::"))
    known = {item: None for item in ReferenceResolver.match_refs_pattern("$" + text)}
    assert "$" + ours == ReferenceResolver.update_refs_pattern("$" + text, known)


ATOMS = st.sampled_from(
    [
        "1",
        "'a'",
        "@a",
        "@b",
        "@m",
        "os",
        "torch",
        "np",
        "monai",
        "glob",
        "print",
        "eval",
        "open",
        "v",
        "len",
        "__import__",
        "getattr",
        "setattr",
        "list",
        "os.path",
        "torch.backends.cudnn",
        "'os'",
        "'system'",
    ]
)
NAMES = st.sampled_from(
    [
        "system",
        "path",
        "join",
        "load",
        "device",
        "run",
        "to",
        "__class__",
        "__globals__",
        "bundle",
        "popen",
        "nets",
        "networks",
        "format",
        "items",
        "shape",
        "modules",
        "hub",
        "glob",
    ]
)


def _combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("{}.{}".format, inner, NAMES),
        st.builds("{}({})".format, inner, inner),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("({} + {})".format, inner, inner),
        st.builds("[{} for v in {}]".format, inner, inner),
        st.builds("(lambda v: {})({})".format, inner, inner),
        st.builds("{{'k': {}}}".format, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("f'{{{}}}'".format, inner),
    )


ACTS = (
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "subprocess.Popen",
    "open",
    "socket.connect",
    "ctypes.dlopen",
)
_watching: list[str] | None = None


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching is None or not event.startswith(ACTS):
        return
    if event == "open" and str(arguments[0]).endswith((".py", ">")):
        return  # the source line of an error or a warning
    _watching.append(event)


@pytest.fixture(scope="module", autouse=True)
def _audit_hook() -> None:
    sys.addaudithook(_watch)  # for the life of the process; idle but for the test below


@settings(max_examples=400)
@given(st.recursive(ATOMS, _combined, max_leaves=6))
def test_what_passes_does_nothing_when_monai_evaluates_it(expression: str) -> None:
    from monai.bundle.config_parser import ConfigParser

    global _watching
    config: dict[str, Any] = {"a": "os.system", "b": [1, 2], "m": "$import os", "x": f"${expression}"}
    if check_config(config).hindrance(["x"]) is not None:
        return
    _watching = acted = []
    try:
        ConfigParser(config).get_parsed_content("x")
    except Exception:  # an expression may well make no sense
        pass
    finally:
        _watching = None
    assert acted == []


def _targets(content: Any) -> list[Any]:
    if isinstance(content, dict):
        own = [content["_target_"]] if "_target_" in content else []
        return own + [t for value in content.values() for t in _targets(value)]
    return [t for value in content for t in _targets(value)] if isinstance(content, list) else []


def test_every_name_in_the_table_is_a_class_or_function_of_its_package() -> None:
    for package in PACKAGES:
        if package.module.startswith("scripts"):
            continue
        try:
            module = import_module(package.module)
        except ModuleNotFoundError as error:
            assert error.name in ("torchvision", "ignite"), error  # not installed everywhere
            continue
        root = package.module.split(".")[0]
        for name in package.names:
            found = getattr(module, name, None)
            if found is not None:
                assert callable(found) and found.__module__.split(".")[0] == root, name


def test_no_module_that_may_be_imported_has_a_method_or_attribute_by_which_it_would_act() -> None:
    for name in MODULES:
        module = import_module(name)
        assert not [each for each in METHODS if hasattr(module, each)], name
        for attribute in ATTRIBUTES:
            assert not hasattr(getattr(module, attribute, None), "__code__"), (name, attribute)


def test_no_listed_function_opens_runs_or_loads_anything_that_is_built() -> None:
    for name, use in FUNCTIONS.items():
        if use is Use.BUILT and "." in name:
            assert name.split(".")[0] in ("torch", "numpy", "math", "os"), name
            assert not name.startswith("os.") or name.startswith(("os.path.", "os.sep")), name


def test_a_configuration_file_is_read_within_bounds(tmp_path: Path) -> None:
    cases = {
        "twice.json": '{"a": 1, "a": 2}',
        "broken.json": "{",
        "list.json": "[1]",
        "deep.json": "[" * 100_000,
        "object.yaml": "a: !!python/object/apply:os.system ['true']",
        "twice.yaml": "a: 1\na: 2",
        "large.json": '{"a": "' + "x" * (1024 * 1024) + '"}',
    }
    for name, content in cases.items():
        (tmp_path / name).write_text(content)
        with pytest.raises(BundleError):
            read_config(tmp_path / name)
    with pytest.raises(BundleError):
        read_config(tmp_path / "absent.json")


def test_a_small_file_that_unfolds_without_end_is_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    (tmp_path / "inference.yaml").write_text("\n".join(lines))
    assert refused(read_config(tmp_path / "inference.yaml"))


def test_yaml_and_json_are_read_alike(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"x": {"_target_": "UNet", "channels": [1, 2]}}))
    (tmp_path / "a.yaml").write_text("x:\n  _target_: UNet\n  channels: [1, 2]\n")
    assert read_config(tmp_path / "a.json") == read_config(tmp_path / "a.yaml")
