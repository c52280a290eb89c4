"""The gate measures what headers say, and a hospital may adjust its limits and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset

from imaging.gate import assess_series
from imaging.gate_rules import RULES, BadRules, check_table, rules_with
from imaging.intake import read_drop
from imaging.kernel import Sharpness, sharpness_of
from imaging.reasons import REASONS
from imaging.series_facts import facts_of
from tests.dicom_builders import a_ct_series, a_ct_slice, a_mammogram
from tests.unit.imaging.test_frames import an_enhanced_image


def a_file(folder: Path, content: object) -> Path:
    path = folder / "rules.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def changed(slices: list[Dataset], **attributes: Any) -> list[Dataset]:
    for ds in slices:
        for keyword, value in attributes.items():
            setattr(ds, keyword, value)
    return slices


def told(slices: list[Dataset], rules: Any = RULES) -> tuple[str, list[str]]:
    verdict = assess_series(slices, rules)
    return verdict.verdict, [reason.code for reason in verdict.reasons]


def test_every_sentence_of_the_table_is_whole_in_both_languages() -> None:
    check_table(RULES)
    for rule in RULES:
        template = REASONS[rule.sentence]
        values = dict.fromkeys(rule.tells, "x")
        assert "{" not in template.en.format(**values) + template.zh.format(**values), rule.name


def test_what_the_gate_measured_stands_with_the_verdict() -> None:
    slices = changed(
        a_ct_series(100),
        ConvolutionKernel="B30f", Manufacturer="SIEMENS", ContrastBolusAgent="Ultravist",
        ReconstructionDiameter="350", SpacingBetweenSlices=2.5,
    )  # fmt: skip
    del slices[40:43]

    facts = assess_series(slices).facts

    assert (facts.orientation, facts.slices, facts.missing) == ("axial", 97, 3)
    assert facts.missing_at_mm == (100.0, 102.5, 105.0)
    assert (facts.spacing_mm, facts.thickness_mm, facts.coverage_mm) == (2.5, 2.5, 250.0)
    assert (facts.kernel, facts.sharpness, facts.has_contrast) == ("B30f", Sharpness.SOFT, True)
    assert (facts.pixel_spacing_mm, facts.reconstruction_diameter_mm) == ((0.7, 0.7), 350.0)
    assert facts.gantry_tilt_deg == 0.0 and not facts.is_lossy
    assert json.loads(json.dumps(facts.to_json()))["missing_at_mm"] == [100.0, 102.5, 105.0]


@pytest.mark.parametrize(
    ("directions", "orientation"),
    [
        ([1, 0, 0, 0, 1, 0], "axial"),
        ([1, 0, 0, 0, 0, -1], "coronal"),
        ([0, 1, 0, 0, 0, -1], "sagittal"),
        ([1, 0, 0, 0, 0.7071, 0.7071], "oblique"),
    ],
)
def test_the_orientation_is_told(directions: list[float], orientation: str) -> None:
    assert facts_of([a_ct_slice(1, ImageOrientationPatient=directions)]).orientation == orientation


@pytest.mark.parametrize(
    ("manufacturer", "kernel", "sharpness"),
    [
        ("SIEMENS", "B30f", Sharpness.SOFT),
        ("SIEMENS", "B70f", Sharpness.SHARP),
        ("Siemens Healthineers", "Br40d", Sharpness.SOFT),
        ("Siemens Healthineers", "Bl57d", Sharpness.LUNG),
        ("SIEMENS", "I50f", Sharpness.MEDIUM),
        ("GE MEDICAL SYSTEMS", "STANDARD", Sharpness.SOFT),
        ("GE MEDICAL SYSTEMS", "LUNG", Sharpness.LUNG),
        ("GE MEDICAL SYSTEMS", "BONEPLUS", Sharpness.SHARP),
        ("Philips", "B", Sharpness.SOFT),
        ("Philips", "L", Sharpness.LUNG),
        ("Philips", "YA", Sharpness.SHARP),
        ("TOSHIBA", "FC08", Sharpness.SOFT),
        ("CANON", "FC52", Sharpness.LUNG),
        ("TOSHIBA", "FC30", Sharpness.SHARP),
        ("UIH", "B_SOFT_B", Sharpness.SOFT),
        ("UIH", "B_VSHARP_C", Sharpness.SHARP),
        ("Neusoft", "Lung", Sharpness.LUNG),
        ("Nobody", "Q", None),
        ("", "", None),
    ],
)
def test_the_kernels_of_the_big_vendors_are_known(
    manufacturer: str, kernel: str, sharpness: Sharpness | None
) -> None:
    assert sharpness_of(kernel, manufacturer) is sharpness


@pytest.mark.parametrize(
    ("attributes", "has_contrast"),
    [
        ({}, None),
        ({"ContrastBolusAgent": "Omnipaque 350"}, True),
        ({"ContrastBolusAgent": "NONE"}, None),
        ({"SeriesDescription": "胸部平扫"}, False),
        ({"SeriesDescription": "肺动脉期 1.0"}, True),
        ({"SeriesDescription": "Chest w/o 1mm"}, False),
        ({"SeriesDescription": "Thorax CTA"}, True),
        ({"ProtocolName": "Chest C+"}, True),
    ],
)
def test_contrast_is_told_by_its_agent_or_by_words(
    attributes: dict[str, str], has_contrast: bool | None
) -> None:
    assert facts_of([a_ct_slice(1, **attributes)]).has_contrast is has_contrast


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"LossyImageCompression": "01", "LossyImageCompressionRatio": "12.5"}, "lossy-compressed"),
        ({"ImageType": ["DERIVED", "SECONDARY", "AXIAL"]}, "derived-images"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "MPR"]}, "derived-images"),
        ({"ReconstructionDiameter": "180"}, "small-field-of-view"),
    ],
)
def test_what_the_images_went_through_is_said(attributes: dict[str, Any], code: str) -> None:
    assert told(changed(a_ct_series(), **attributes)) == ("usable-with-caution", [code])


def test_a_tilted_gantry_is_measured_and_said() -> None:
    tilted = [
        a_ct_slice(n, ImagePositionPatient=[-150.0, 0.5 * n, 2.5 * n]) for n in range(1, 101)
    ]  # 11.3 degrees

    verdict = assess_series(tilted)

    assert [reason.code for reason in verdict.reasons] == ["gantry-tilt"]
    assert "11.3" in verdict.reasons[0].en and verdict.facts.gantry_tilt_deg == 11.3


def test_a_multi_frame_object_is_measured_by_its_frames() -> None:
    facts = facts_of([an_enhanced_image()])

    assert (facts.images, facts.slices, facts.spacing_mm, facts.orientation) == (1, 6, 2.0, "axial")
    assert told([an_enhanced_image(stacks={0: 2})]) == ("not-usable", ["several-stacks"])
    assert told([an_enhanced_image()]) == ("not-usable", ["multiframe-not-read"])


def test_a_mammogram_says_side_and_view() -> None:
    facts = facts_of([a_mammogram()])

    assert (facts.laterality, facts.view, facts.kernel) == ("R", "MLO", None)


def test_limits_and_severities_can_be_adjusted(tmp_path: Path) -> None:
    adjusted = rules_with(
        a_file(
            tmp_path,
            {
                "rules": {
                    "thick-slices": {"limit": 1.5, "severity": "refuse"},
                    "sub-volume": {"severity": "off"},
                    "kernel-not-read": {"severity": "caution", "limit": ["sharp"]},
                    "implausible-pixel-spacing": {"limit": [0.2, 2.5]},
                }
            },
        )
    )

    assert told(a_ct_series(20, spacing_mm=1.0), adjusted) == ("usable", [])
    assert told(a_ct_series(), adjusted) == ("not-usable", ["thick-slices"])
    sharp = changed(a_ct_series(20, spacing_mm=1.0), ConvolutionKernel="B70f", Manufacturer="SIEMENS")
    assert told(sharp, adjusted) == ("usable-with-caution", ["kernel-not-read"])
    coarse = changed(a_ct_series(20, spacing_mm=1.0), PixelSpacing=[2.0, 2.0])
    assert told(coarse, adjusted)[0] == "usable" and told(coarse)[0] == "not-usable"
    assert rules_with(None) is RULES


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("not json", "cannot be read"),
        ("[1]", "must be"),
        ({"rules": {}, "more": 1}, "must be"),
        ({"rules": {"no-such-rule": {"limit": 1}}}, "no rule 'no-such-rule'"),
        ({"rules": {"other-patient-in-series": {"severity": "off"}}}, "is fixed"),
        ({"rules": {"thick-slices": {"limit": "3"}}}, "a number"),
        ({"rules": {"thick-slices": {"limit": True}}}, "a number"),
        ('{"rules": {"thick-slices": {"limit": NaN}}}', "a number"),
        ({"rules": {"implausible-pixel-spacing": {"limit": [2, 1]}}}, "the smaller one first"),
        ({"rules": {"kernel-not-read": {"limit": "soft"}}}, "a list of words"),
        ({"rules": {"contrast-enhanced": {"limit": False}}}, "left as it is"),
        ({"rules": {"thick-slices": {"severity": "maybe"}}}, "one of refuse, caution, off"),
        ({"rules": {"thick-slices": {"colour": "red"}}}, "nothing else"),
        ({"rules": {"thick-slices": {}}}, "nothing else"),
        ("[" * 100_000, "cannot be read"),
    ],
)
def test_a_bad_file_is_refused_with_what_is_wrong(tmp_path: Path, content: object, says: str) -> None:
    with pytest.raises(BadRules, match=says):
        rules_with(a_file(tmp_path, content))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRules):
        rules_with(tmp_path / "nothing.json")


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "ConvolutionKernel",
                "ContrastBolusAgent",
                "Manufacturer",
                "SeriesDescription",
                "StudyDescription",
            ]
        ),
        st.text(max_size=30),
    ),
    st.sampled_from([a_ct_slice, a_mammogram]),
)
def test_no_words_in_a_header_bring_the_gate_down(words: dict[str, str], builder: Any) -> None:
    ds = builder()
    for keyword, value in words.items():
        setattr(ds, keyword, value)

    json.dumps(assess_series([ds]).facts.to_json())


def test_the_facts_of_the_real_chest_are_those_of_its_readme(real_data: Path) -> None:
    headers = [f.header for f in read_drop(real_data / "ct-chest-c3n-00247") if f.header is not None]

    facts = assess_series(headers).facts

    assert (facts.slices, facts.spacing_mm, facts.orientation, facts.missing) == (99, 3.0, "axial", 0)
    assert (facts.kernel, facts.sharpness, facts.reconstruction_diameter_mm) == ("B70f", "sharp", 289.0)
