"""The look at an input before it is read: its features, and whether they are what the model was made for."""

from collections.abc import Mapping
from dataclasses import dataclass

from imaging.reasons import Reason
from inference.bundle import Bundle
from inference.bundle_reasons import bundle_reason
from inference.errors import BundleError, NotAnalysable
from inference.out_of_distribution import AS_USUAL, Outlook, compare, read_input_reference


@dataclass(frozen=True, slots=True)
class Look:
    """What an input looks like to a model.

    Attributes:
        features: by name; NaN where one could not be measured.
        outlook: how they compare with what the model was made for.
        cautions: what else to be careful about.
    """

    features: Mapping[str, float]
    outlook: Outlook
    cautions: tuple[Reason, ...] = ()

    @property
    def caution(self) -> Reason | None:
        """All that is to be careful about, as one, a line for each; None for nothing."""
        told = [*self.cautions, *([self.outlook.caution] if self.outlook.caution else [])]
        if not told:
            return None
        return Reason(told[0].code, "\n".join(each.en for each in told), "\n".join(each.zh for each in told))


def look_at(features: Mapping[str, float], bundle: Bundle, cautions: tuple[Reason, ...] = ()) -> Look:
    """Return the look; a bundle without a reference takes any input as usual.

    Raises:
        BundleError: the reference file is not as it should be.
        NotAnalysable: the input is too unlike what the model was made for.
    """
    try:
        reference = read_input_reference(bundle.folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        file = "configs/input_reference.json"
        raise BundleError(bundle_reason("bundle-file-unreadable", model=bundle.name, file=file)) from error
    outlook = compare(features, reference) if reference else AS_USUAL
    if outlook.refusal is not None:
        raise NotAnalysable(outlook.refusal, ", ".join(outlook.unusual))
    return Look(features, outlook, cautions)
