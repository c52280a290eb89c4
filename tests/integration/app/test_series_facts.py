"""What the gate measured stands in the study's API, for whoever may see the study."""

from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.installation_server import Client, wait_until


def test_the_facts_of_a_series_stand_with_its_verdict(clinician: Client) -> None:
    slices = a_series_of_its_own(
        24,
        patient_id="T-FACTS",
        ConvolutionKernel="FC52",
        Manufacturer="TOSHIBA",
        SeriesDescription="胸部平扫",
    )
    study = str(slices[0].StudyInstanceUID)
    del slices[9:11]

    clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)})

    def assessed() -> dict[str, object] | None:
        (series,) = clinician.get(f"/api/studies/{study}")["series"]
        return series if series["verdict"] else None

    series = wait_until(assessed, "the gate has seen the series")
    assert series["verdict"] == "usable-with-caution"
    assert {"missing-slices", "sub-volume", "thick-slices"} == {
        reason["code"] for reason in series["reasons"]
    }
    facts = series["facts"]
    assert (facts["orientation"], facts["slices"], facts["missing"]) == ("axial", 22, 2)
    assert facts["missing_at_mm"] == [50.0, 55.0]
    assert (facts["kernel"], facts["sharpness"], facts["has_contrast"]) == ("FC52", "lung", False)
    assert (facts["thickness_mm"], facts["spacing_mm"], facts["coverage_mm"]) == (5.0, 5.0, 120.0)
